"""``config.toml``, changed for a person who wrote it with care."""

import codecs
import os
import stat
import tomllib

import pytest
import tomlkit

from senter import settings
from senter.cli.configuration import choose
from senter.errors import ConfigurationError
from senter.settings import AudioSettings, EngineSettings

WRITTEN = """# My settings.   Do not touch!

[reporter]
notifications = false   # at night I sleep

[engine]   # what runs here
context_tokens = 4_096
model    =   'old.gguf'     # the old one

[models.primary]
providers = [
    "ollama",    # first
    "embedded",
]
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "senter").mkdir()
    return tmp_path / "senter/config.toml"


def use(file, name="new.gguf"):
    return choose(EngineSettings, "model", name, file)


def test_only_the_value_changes(file):
    file.write_text(WRITTEN)
    assert use(file) is True
    changed = file.read_text()
    assert tomllib.loads(changed)["engine"]["model"] == "new.gguf"
    differing = [
        (old, new) for old, new in zip(WRITTEN.splitlines(), changed.splitlines(), strict=True) if old != new
    ]
    assert len(differing) == 1
    assert differing[0][0].startswith("model") and differing[0][1].endswith("# the old one")


def test_a_file_that_is_not_there_is_made_for_its_owner_alone(tmp_path):
    file = tmp_path / "not/yet/config.toml"
    assert use(file) is True
    assert file.read_text() == '[engine]\nmodel = "new.gguf"\n'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_table_that_is_not_there_is_added_at_the_end(file):
    file.write_text(WRITTEN)
    choose(AudioSettings, "voice", "de_DE-thorsten-medium", file)
    assert file.read_text() == WRITTEN + '\n[audio]\nvoice = "de_DE-thorsten-medium"\n'


def test_a_table_is_added_to_a_file_without_a_last_line_break(file):
    file.write_text("[reporter]\nnotifications = false")
    use(file)
    assert settings.load(EngineSettings, file).model == "new.gguf"


@pytest.mark.parametrize(
    "text",
    [
        'engine = {model = "old.gguf"}\n',
        'engine.model = "old.gguf"\n',
        "engine.context_tokens = 4096\n",
        "[engine]\n",
    ],
)
def test_other_ways_to_write_a_table_are_kept(file, text):
    file.write_text(text)
    use(file)
    assert tomllib.loads(file.read_text())["engine"]["model"] == "new.gguf"
    assert file.read_text().startswith(text[:7])


def test_what_is_so_already_is_not_written(file):
    file.write_text(WRITTEN)
    os.utime(file, (1, 1))
    assert use(file, "old.gguf") is False
    assert file.stat().st_mtime == 1


def test_the_usual_value_is_written_when_it_is_asked_for(file):
    assert choose(AudioSettings, "whisper_model", "small", file) is True
    assert choose(AudioSettings, "whisper_model", "small", file) is False


def test_line_ends_of_another_system_stay(file):
    file.write_bytes(WRITTEN.replace("\n", "\r\n").encode())
    use(file)
    lines = file.read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\r\n") for line in lines)


def test_a_name_with_quotes_arrives_as_it_is(file):
    use(file, 'my "best" mödel\\.gguf')
    assert settings.load(EngineSettings, file).model == 'my "best" mödel\\.gguf'


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640])
def test_who_may_read_it_stays(file, mode):
    file.write_text(WRITTEN)
    file.chmod(mode)
    use(file)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_link_stays_one_and_the_file_it_leads_to_is_changed(file, tmp_path):
    (tmp_path / "dotfiles").mkdir()
    target = tmp_path / "dotfiles/senter.toml"
    target.write_text(WRITTEN)
    file.symlink_to("../dotfiles/senter.toml")
    use(file)
    assert file.is_symlink()
    assert settings.load(EngineSettings, target).model == "new.gguf"
    assert os.listdir(tmp_path / "dotfiles") == ["senter.toml"]


@pytest.mark.parametrize(
    "broken",
    ["[engine", "[engine]\nmodel = 3\n", "engine = 3\n", "[kitchen]\n", "[engine]\nmodle = 'x'\n", b"\xff\xfe"],
)
def test_a_file_with_mistakes_is_left_as_it_is(file, broken):
    content = broken if isinstance(broken, bytes) else broken.encode()
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=str(file)):
        use(file)
    assert file.read_bytes() == content
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("content", [b'[engine]\rmodel="a"\r', b'[engine]\r\r\nmodel = "a"\r\n'])
def test_line_ends_that_only_python_understands_are_left_to_their_owner(file, content):
    file.write_bytes(content)
    told = rf'^{file} cannot be changed without harm; write model = "new\.gguf" below \[engine\] yourself$'
    with pytest.raises(ConfigurationError, match=told):
        use(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("damaged", ['[engine]\nmodel = "new.gguf"\n', "[engine", ""])
def test_a_library_that_changes_more_than_it_should_is_not_believed(file, monkeypatch, damaged):
    file.write_text(WRITTEN)
    monkeypatch.setattr(tomlkit, "dumps", lambda _: damaged)
    with pytest.raises(ConfigurationError, match="cannot be changed without harm"):
        use(file)
    assert file.read_text() == WRITTEN


def test_the_mark_that_some_editors_begin_a_file_with_stays(file):
    file.write_bytes(codecs.BOM_UTF8 + WRITTEN.encode())
    assert use(file) is True
    assert file.read_bytes().startswith(codecs.BOM_UTF8 + b"# My settings.")
    assert settings.load(EngineSettings, file).model == "new.gguf"
    assert use(file) is False


def test_a_file_that_is_read_only_is_not_replaced(file):
    file.write_text(WRITTEN)
    file.chmod(0o444)
    with pytest.raises(ConfigurationError, match=f"^{file} is read-only; it was not changed$"):
        use(file)
    assert file.read_text() == WRITTEN
    assert os.listdir(file.parent) == [file.name]


def test_a_name_that_is_no_text_is_refused(file):
    with pytest.raises(
        ConfigurationError, match=f"^{file} cannot name bad\ufffd.gguf, whose name is not UTF-8; rename it$"
    ):
        use(file, "bad\udcff.gguf")
    assert not file.exists()


def test_a_name_with_control_characters_arrives_as_it_is(file):
    use(file, "x\x1b[31m\n\t.gguf")
    assert settings.load(EngineSettings, file).model == "x\x1b[31m\n\t.gguf"


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "config").touch()
    with pytest.raises(ConfigurationError, match="cannot be"):
        use(tmp_path / "config/config.toml")


def test_when_the_last_step_fails_the_old_file_is_there_and_nothing_else(file, monkeypatch):
    file.write_text(WRITTEN)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match=f"^{file} cannot be written: No space left on device$"):
        use(file)
    assert file.read_text() == WRITTEN
    assert os.listdir(file.parent) == [file.name]
