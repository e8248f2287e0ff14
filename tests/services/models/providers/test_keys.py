"""Where the keys of providers are found, and where they go."""

import os
from pathlib import Path

import pytest

from senter.bus.signatures import Check
from senter.models.providers.keys import LARGEST_FILE, LONGEST_KEY, Key, Keys, advice, variable_of
from senter.models.providers.provider import Provider, providers_of

KEY = "sk-swordfish"
EXAMPLE = "https://models.example.org/v1"


def provider_of(name) -> Provider:
    """The one provider of a list of one."""
    return providers_of([name], "llama3.2", "config.toml")[0]


@pytest.fixture
def file(tmp_path) -> Path:
    """Where keys.toml would be; the home is above it."""
    folder = tmp_path / ".config/senter"
    folder.mkdir(parents=True)
    return folder / "keys.toml"


@pytest.fixture
def write(file):
    """Writes keys.toml as only its owner may read it."""

    def write(text, mode=0o600) -> None:
        file.write_text(text)
        file.chmod(mode)

    return write


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


@pytest.fixture
def keys(file, environment) -> Keys:
    return Keys(file, environment)


@pytest.fixture
def credential(tmp_path, environment):
    """Writes a credential as systemd does."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    environment["CREDENTIALS_DIRECTORY"] = str(folder)

    def write(name, text) -> Path:
        (folder / name).write_text(text)
        return folder / name

    return write


def test_where_there_is_none_there_is_no_key_and_no_trouble(keys):
    for name in ("openai", "ollama", EXAMPLE, "embedded"):
        assert keys.find(provider_of(name)) == Key()
    assert keys.check([provider_of("openai"), provider_of("embedded")]) == []


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("https://api.openai.com/v1", "OPENAI_API_KEY"),
        ("openrouter", "OPENROUTER_API_KEY"),
        ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        (EXAMPLE, "SENTER_KEY_MODELS_EXAMPLE_ORG"),
        ("https://my-models.example.org:8443/v1", "SENTER_KEY_MY_MODELS_EXAMPLE_ORG"),
        ("http://[::1]:8080/v1", "SENTER_KEY___1"),
        ("vllm", "SENTER_KEY_LOCALHOST"),
    ],
)
def test_a_provider_has_one_variable_in_the_environment(keys, environment, name, variable):
    provider = provider_of(name)
    assert variable_of(provider) == variable
    environment[variable] = f"  {KEY}\n"
    assert keys.find(provider) == Key(KEY, variable)


def test_the_key_of_openai_is_for_openai_alone(keys, environment):
    environment["OPENAI_API_KEY"] = KEY
    for name in (EXAMPLE, "openrouter", "ollama", "lmstudio", "https://api.openai.com.example.org/v1"):
        assert keys.find(provider_of(name)) == Key()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("openai", f'openai = "{KEY}"'),
        ("openai", f'"api.openai.com" = "{KEY}"'),
        ("openai", f'api.openai.com = "{KEY}"'),
        (EXAMPLE, f'"models.example.org" = " {KEY} "'),
        (EXAMPLE, f'"Models.Example.org" = "{KEY}"'),
        (EXAMPLE, f'"{EXAMPLE}" = "{KEY}"\n"models.example.org" = "sk-another"'),
        ("vllm", f'vllm = "{KEY}"\nlocalhost = "sk-another"'),
    ],
)
def test_a_file_has_keys_by_the_name_of_a_provider_or_a_host(keys, write, name, written):
    write(written)
    assert keys.find(provider_of(name)) == Key(KEY, "~/.config/senter/keys.toml")
    assert keys.find(provider_of("https://elsewhere.example/v1")) == Key()


def test_a_new_key_needs_no_restart(keys, write, file):
    write('openai = "sk-1"')
    assert keys.find(provider_of("openai")).value == "sk-1"
    write('openai = "sk-2"', mode=0o400)
    assert keys.find(provider_of("openai")).value == "sk-2"
    file.unlink()
    assert keys.find(provider_of("openai")).value == ""


def test_credentials_go_before_the_environment_and_that_before_the_file(keys, environment, write, credential):
    provider = provider_of("openai")
    write('openai = "sk-file"')
    assert keys.find(provider) == Key("sk-file", "~/.config/senter/keys.toml")
    environment["OPENAI_API_KEY"] = "sk-environment"
    assert keys.find(provider) == Key("sk-environment", "OPENAI_API_KEY")
    credential("openai", "sk-credential\n")
    assert keys.find(provider) == Key("sk-credential", "the credential openai")


def test_a_credential_of_a_url_is_named_after_its_host(keys, credential):
    credential("models.example.org", KEY)
    assert keys.find(provider_of(EXAMPLE)) == Key(KEY, "the credential models.example.org")


def test_a_credential_that_is_no_small_file_is_told(keys, credential, tmp_path):
    path = credential("openai", "x" * (LARGEST_FILE + 1))
    assert keys.find(provider_of("openai")) == Key(trouble="the credential openai is larger than 64 KiB")
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in keys.find(provider_of("openai")).trouble


def test_an_empty_key_is_none(keys, environment, write, credential):
    credential("openai", "\n")
    environment["OPENAI_API_KEY"] = "  "
    write('openai = ""')
    assert keys.find(provider_of("openai")) == Key()


def test_a_key_goes_to_nobody_to_whom_others_could_listen(keys, environment, write):
    write(f'"models.example.org" = "{KEY}"\nembedded = "{KEY}"\nlocalhost = "{KEY}"')
    told = "the key in ~/.config/senter/keys.toml is sent over https only"
    assert keys.find(provider_of("http://models.example.org/v1")) == Key(trouble=told)
    assert keys.find(provider_of("embedded")) == Key()
    assert keys.find(provider_of("http://localhost:8000/v1")).value == KEY


@pytest.mark.parametrize(
    "value", ["sk-sword\nfish", "sk-sword\0fish", "sk sword", "sk-schlüssel", "x" * (LONGEST_KEY + 1)]
)
def test_a_key_with_marks_that_no_key_has_is_refused(keys, environment, value):
    environment["OPENAI_API_KEY"] = value
    found = keys.find(provider_of("openai"))
    told = "the key in OPENAI_API_KEY is not used: it has spaces, line breaks or marks that no key has"
    assert found == Key(trouble=told)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622, 0o610, 0o644])
def test_a_file_that_others_may_read_is_not_used(keys, write, mode):
    write(f'openai = "{KEY}"', mode)
    told = "~/.config/senter/keys.toml may be read by others; run: chmod 600 ~/.config/senter/keys.toml"
    assert keys.find(provider_of("openai")) == Key(trouble=told)
    for providers in ([], [provider_of("openai"), provider_of(EXAMPLE)]):
        assert keys.check(providers) == [Check("keys", "warn", told)], "it is told, and told once"


def test_a_key_that_cannot_be_used_is_told_of_each_provider(keys, environment):
    environment["OPENAI_API_KEY"] = "sk sword"
    environment["SENTER_KEY_MODELS_EXAMPLE_ORG"] = KEY
    open_to_all = provider_of("http://models.example.org/v1")
    found = keys.check([provider_of("openai"), provider_of("openrouter"), open_to_all, open_to_all])
    assert found == [
        Check(
            "keys",
            "warn",
            "the key in OPENAI_API_KEY is not used: it has spaces, line breaks or marks that no key has",
        ),
        Check("keys", "warn", "the key in SENTER_KEY_MODELS_EXAMPLE_ORG is sent over https only"),
    ]
    assert keys.check([provider_of("ollama")]) == [], "a key for nobody who is asked is none of our business"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("openai", "openai"),
        ("https://api.openai.com/v1", "openai"),
        ("openrouter", "openrouter"),
        (EXAMPLE, "models.example.org"),
        ("vllm", "localhost"),
        ("http://[::1]:8080/v1", "::1"),
    ],
)
def test_a_key_that_is_put_where_the_advice_says_is_found(keys, write, name, told):
    provider = provider_of(name)
    where = "~/.config/senter/keys.toml"
    assert advice(provider, keys.find(provider)) == f'put one for "{told}" into {where}, and run: chmod 600 on it'
    write(f'"{told}" = "{KEY}"')
    assert keys.find(provider) == Key(KEY, where)
    assert advice(provider, Key(trouble="it is a link")) == "it is a link"


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to give a file away")
def test_a_file_of_another_user_is_not_used(keys, write, file):
    write(f'openai = "{KEY}"')
    os.chown(file, 12345, -1)
    assert keys.find(provider_of("openai")).trouble == "~/.config/senter/keys.toml belongs to another user"


def test_a_file_that_is_a_link_is_not_followed(keys, write, file):
    write(f'openai = "{KEY}"')
    file.rename(file.with_name("other.toml"))
    file.symlink_to(file.with_name("other.toml"))
    told = "~/.config/senter/keys.toml is a symbolic link, which is not followed"
    assert keys.find(provider_of("openai")) == Key(trouble=told)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_read(keys, file, make):
    make(file)
    assert keys.find(provider_of("openai")).trouble == "~/.config/senter/keys.toml is not a file"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"openai = {KEY}", "is not valid TOML (at line 1, column 10)"),
        (f'openai = "{KEY}', "is not valid TOML"),
        ("openai = 7", "must have a text in quotes for openai"),
        ("[api.openai]\ncom = [1]", "must have a text in quotes for api.openai.com"),
        (f"# {'x' * LARGEST_FILE}", "is larger than 64 KiB"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_without_what_is_in_it(keys, write, text, told):
    write(text)
    found = keys.find(provider_of("openai"))
    assert found.value == ""
    assert found.trouble.startswith(f"~/.config/senter/keys.toml {told}")
    assert KEY not in found.trouble


def test_a_file_that_is_no_text_is_told(keys, file):
    file.write_bytes(b'openai = "\xff"')
    file.chmod(0o600)
    assert keys.find(provider_of("openai")).trouble == "~/.config/senter/keys.toml is not UTF-8 text"


def test_trouble_with_the_file_is_none_for_who_has_a_key_elsewhere(keys, environment, write):
    write("nonsense")
    environment["OPENAI_API_KEY"] = KEY
    assert keys.find(provider_of("openai")) == Key(KEY, "OPENAI_API_KEY")


def test_a_key_does_not_show(keys, environment):
    environment["OPENAI_API_KEY"] = KEY
    found = keys.find(provider_of("openai"))
    assert KEY not in repr(found) + str(found) + repr(keys)
