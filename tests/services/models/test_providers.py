"""What ``providers`` in ``config.toml`` stands for."""

import pytest

from senter.errors import ConfigurationError
from senter.models.providers import Provider, providers_of
from senter.settings import ModelSettings

PLACE = "config.toml: [models.primary]"


def provider_of(name):
    """The one provider of a list of one."""
    (provider,) = providers_of([name], PLACE)
    return provider


def test_what_is_set_when_nothing_is_set():
    ollama, embedded = providers_of(ModelSettings().providers, PLACE)
    assert ollama == Provider("ollama", "http://localhost:11434/v1", "localhost", 11434)
    assert (embedded.embedded, embedded.url) == (True, "")


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://api.openai.com/v1", "api.openai.com", 443),
        ("http://192.168.1.5/v1/", "192.168.1.5", 80),
        ("http://[::1]:8080/v1", "::1", 8080),
        ("HTTP://Example.org:1", "example.org", 1),
    ],
)
def test_a_url_is_a_provider_and_says_where_to_connect(url, host, port):
    provider = provider_of(url)
    assert (provider.name, provider.host, provider.port) == (url, host, port)
    assert provider.url == url.rstrip("/")
    assert not provider.embedded


@pytest.mark.parametrize(
    "name",
    [
        *("", "openai", "Ollama", "localhost:11434", "ftp://x/", "unix:/run/x"),
        *("http://", "http://:80/v1", "http://x:99999/", "http://[x/", "http://x y/"),
    ],
)
def test_anything_else_is_a_mistake_that_is_named(name):
    with pytest.raises(ConfigurationError) as refused:
        provider_of(name)
    assert str(refused.value).startswith(f"{PLACE} providers must be ")
    assert repr(name) in str(refused.value)


@pytest.mark.parametrize("url", ["https://me:swordfish@x/v1", "https://x/v1?key=swordfish", "https://x/#swordfish"])
def test_a_url_with_a_secret_is_refused_without_repeating_it(url):
    with pytest.raises(ConfigurationError) as refused:
        provider_of(url)
    assert "without user name, password and query" in str(refused.value)
    assert "swordfish" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "private"),
    [("https://x/v1", True), ("http://localhost:1/v1", True), ("http://[::1]/v1", True), ("http://x/v1", False)],
)
def test_a_key_is_safe_over_tls_and_on_this_machine(url, private):
    assert provider_of(url).private == private
