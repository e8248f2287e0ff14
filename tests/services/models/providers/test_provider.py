"""What ``providers`` in ``config.toml`` stands for."""

import pytest

from senter.errors import ConfigurationError
from senter.models.providers.provider import EMBEDDED, Provider, engine_of, providers_of
from senter.settings import ModelSettings

PLACE = "config.toml: [models.primary]"


def provider_of(entry, model="llama3.2") -> Provider:
    """The one provider of a list of one."""
    (provider,) = providers_of([entry], model, PLACE)
    return provider


def test_what_is_set_when_nothing_is_set():
    ollama, embedded = providers_of(ModelSettings().providers, ModelSettings().model, PLACE)
    assert ollama == Provider("ollama", "llama3.2", "http://localhost:11434/v1", "localhost", 11434)
    assert (embedded.embedded, embedded.url, embedded.model) == (True, "", "")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("ollama", "http://localhost:11434/v1"),
        ("llama.cpp", "http://localhost:8080/v1"),
        ("lmstudio", "http://localhost:1234/v1"),
        ("vllm", "http://localhost:8000/v1"),
        ("openai", "https://api.openai.com/v1"),
        ("openrouter", "https://openrouter.ai/api/v1"),
    ],
)
def test_a_preset_is_a_url_by_another_name(name, url):
    preset, written = provider_of(name), provider_of(url)
    assert (preset.name, preset.url, preset.host, preset.port) == (name, url, written.host, written.port)
    assert (preset.here, preset.engine, preset.private) == (written.here, written.engine, written.private)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://models.example.org/v1", "models.example.org", 443),
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
    ("entry", "name", "model"),
    [
        ("ollama", "ollama", "llama3.2"),
        ("ollama mistral", "ollama", "mistral"),
        ("  openrouter   meta/llama 3  ", "openrouter", "meta/llama 3"),
        ("http://localhost:1/v1 mistral:7b", "http://localhost:1/v1", "mistral:7b"),
        ("embedded", "embedded", ""),
    ],
)
def test_an_entry_may_name_a_model_of_its_own(entry, name, model):
    provider = provider_of(entry)
    assert (provider.name, provider.model) == (name, model)


def test_one_provider_may_be_there_with_two_models_but_not_twice_with_one():
    large, small = providers_of(["ollama llama3.2:70b", "ollama"], "llama3.2", PLACE)
    assert (large.model, small.model) == ("llama3.2:70b", "llama3.2")
    for twice in (["ollama", "ollama"], ["ollama llama3.2", "ollama"], ["embedded", "embedded"]):
        with pytest.raises(ConfigurationError, match=f"has {twice[1].split()[0]} twice"):
            providers_of(twice, "llama3.2", PLACE)


def test_the_model_of_the_embedded_engine_is_chosen_elsewhere():
    for entry in ("embedded mistral", " embedded  tiny.gguf "):
        with pytest.raises(ConfigurationError) as refused:
            providers_of(["ollama", entry], "llama3.2", PLACE)
        assert (
            str(refused.value) == f"{PLACE} providers: the model of embedded is chosen with: senter models use NAME"
        )


@pytest.mark.parametrize(
    "name",
    [
        *("", "Ollama", "localhost:11434", "ftp://x/", "unix:/run/x"),
        *("http://", "http://:80/v1", "http://x:99999/", "http://[x/", "http://x\x00y/"),
    ],
)
def test_anything_else_is_a_mistake_that_is_named(name):
    with pytest.raises(ConfigurationError) as refused:
        provider_of(name)
    assert str(refused.value).startswith(f"{PLACE} providers must be ollama, ")
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


HERE = (
    *("localhost", "LOCALHOST.", "models.localhost", "ip6-localhost", "ip6-loopback", "localhost.localdomain"),
    *("127.0.0.1", "127.0.1.1", "127.255.255.254", "0.0.0.0", "[::]", "[::1]", "[0:0::1]", "[::ffff:127.0.0.1]"),
)
ELSEWHERE = (
    *("localhost.example", "notlocalhost", "example.org", "127.0.0.1.example", "128.0.0.1", "10.0.0.1", "0.0.0.1"),
    *("[::2]", "[fe80::1]", "[::ffff:10.0.0.1]", "169.254.1.1"),
)


@pytest.mark.parametrize("host", HERE)
def test_every_name_of_this_machine_is_here(host):
    provider = provider_of(f"http://{host}:8080/v1")
    assert (provider.here, provider.private, provider.engine, provider.slots) == (True, True, "port 8080", 1)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_what_only_looks_like_this_machine_is_elsewhere(host):
    provider = provider_of(f"http://{host}:8080/v1")
    assert (provider.here, provider.private, provider.engine, provider.slots) == (False, False, "", 8)


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("ollama", "port 11434"),
        ("http://127.0.0.1:11434/v1", "port 11434"),
        ("http://[::1]:11434/v1", "port 11434"),
        (EMBEDDED, "embedded"),
        ("openai", ""),
        ("http://192.168.1.5:11434/v1", ""),
        ("nobody", ""),
    ],
)
def test_two_names_for_one_engine_on_this_machine_are_known_as_one(name, engine):
    assert engine_of(name) == engine


@pytest.mark.parametrize(
    ("name", "slots"), [("ollama", 1), (EMBEDDED, 1), ("vllm", 8), ("openai", 8), ("http://127.0.0.1:1/v1", 1)]
)
def test_what_shares_one_processor_is_sent_one_request_at_once(name, slots):
    assert provider_of(name).slots == slots
