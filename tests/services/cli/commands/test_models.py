"""``senter models``, with a registry of the test's own and nobody running."""

import fcntl
import hashlib
import json
import sys

import pytest
from click.testing import CliRunner
from support.file_server import Answer, FileServer

from senter import paths
from senter.bus.names import ENGINE
from senter.cli.__main__ import main
from senter.cli.downloads import registry
from senter.cli.downloads.registry import FACE, LANGUAGE, SPEECH, VOICE, Model, ModelFile
from senter.engine import llama
from senter.host import units
from senter.settings import AudioSettings, EngineSettings, load

REAL = registry.offered
CONTENT = b"GGUF" + bytes(996)
NO_ENGINE = "Senter's own engine is missing; run: "
WHEN_NEEDED = "It is loaded when it is needed."


@pytest.fixture
def server():
    with FileServer() as running:
        yield running


@pytest.fixture(autouse=True)
def offered(server, monkeypatch):
    """What can be downloaded here."""

    def model(name, kind, *files):
        server.files |= dict.fromkeys(files, CONTENT)
        digest = hashlib.sha256(CONTENT).hexdigest()
        return Model(
            name, kind, f"about {name}", "MIT", tuple(ModelFile(server.url(file), 1000, digest) for file in files)
        )

    found = (
        model("big", LANGUAGE, "Big.gguf"),
        model("small", LANGUAGE, "small.gguf"),
        model("whisper-tiny", SPEECH, "ggml-tiny.bin"),
        model("de_DE-thorsten", VOICE, "de_DE-thorsten.onnx.json", "de_DE-thorsten.onnx"),
        model("face", FACE, "face.task"),
    )
    monkeypatch.setattr(registry, "offered", lambda: found)
    monkeypatch.setattr(llama, "installed", lambda: True)
    return {model.name: model for model in found}


def senter(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(main, ["models", *arguments], prog_name="senter")


def told(*arguments):
    """What a command says that succeeds."""
    result = senter(*arguments)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def refused(*arguments):
    """The one sentence of a command that fails."""
    result = senter(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("senter: ") and result.stderr.count("\n") == 1
    return result.stderr.removeprefix("senter: ").rstrip("\n")


def install(*found):
    for model in found:
        model.place(paths.models_folder()).mkdir(parents=True, exist_ok=True)
        for file in model.files:
            (model.place(paths.models_folder()) / file.name).write_bytes(CONTENT)


def put_own(name="mine.gguf"):
    paths.models_folder().mkdir(parents=True, exist_ok=True)
    (paths.models_folder() / name).write_bytes(b"GGUF")


def configure(text):
    paths.config_file().parent.mkdir(parents=True, exist_ok=True)
    paths.config_file().write_text(text)


def engine_model():
    return load(EngineSettings, paths.config_file()).model


def table():
    return [line.split() for line in told("list").partition("\n\n")[0].splitlines()[1:]]


def test_the_list_shows_everything_with_what_is_known_of_it():
    assert table()[0] == ["big", "language", "1.0", "kB", "available", "MIT", "about", "big"]
    assert [row[0] for row in table()] == ["big", "small", "whisper-tiny", "de_DE-thorsten", "face"]


def test_the_list_shows_what_is_there(offered):
    install(offered["big"], offered["whisper-tiny"])
    put_own()
    rows = {row[0]: row[4:] for row in table()}
    assert rows["big"][:2] == ["in", "use"]
    assert rows["whisper-tiny"][0] == "installed"
    assert rows["mine.gguf"] == ["installed", "-", "your", "own", "file"]


def test_the_list_as_json_has_the_same_keys_for_every_model(offered):
    install(offered["big"])
    put_own()
    rows = json.loads(told("list", "--json"))
    assert {tuple(row) for row in rows} == {
        ("name", "kind", "about", "size", "licence", "state", "percent", "path")
    }
    assert rows[0] == {
        "name": "big",
        "kind": "language",
        "about": "about big",
        "size": 1000,
        "licence": "MIT",
        "state": "in use",
        "percent": 100,
        "path": str(paths.models_folder() / "Big.gguf"),
    }


@pytest.fixture
def as_they_come(monkeypatch):
    """What the real registry offers."""
    monkeypatch.setattr(registry, "offered", REAL)


def lines(width, monkeypatch):
    """The list on a terminal of so many columns, without its heading."""
    monkeypatch.setattr("senter.cli.commands.models.PIPE_WIDTH", width)
    found = told("list").partition("\n\n")[0].splitlines()[1:]
    assert all(len(line) <= width for line in found)
    return [line.rstrip() for line in found]


def test_on_a_terminal_of_80_columns_nothing_that_is_offered_is_cut(as_they_come, monkeypatch):
    found = lines(80, monkeypatch)
    assert len(found) == len(REAL())
    for model, line in zip(REAL(), found, strict=True):
        assert line.startswith(f"{model.name} ") and line.endswith(f"  {model.about}")
        assert model.licence_name not in line


def test_a_wide_terminal_has_room_for_licences(as_they_come, monkeypatch):
    for model, line in zip(REAL(), lines(100, monkeypatch), strict=True):
        assert f" {model.licence_name} " in line and line.endswith(f"  {model.about}")


@pytest.mark.parametrize("width", [60, 71, 72, 80, 99, 100])
def test_names_and_states_are_whole_also_where_it_is_narrow(as_they_come, monkeypatch, width):
    model = REAL()[0]
    paths.models_folder().mkdir(parents=True)
    (paths.models_folder() / f"{model.key_file.name}.part").write_bytes(bytes(4))
    with (paths.models_folder() / f"{model.key_file.name}.part").open() as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        found = lines(width, monkeypatch)
    assert "  downloading 0 %" in found[0]
    for model, line in zip(REAL()[1:], found[1:], strict=True):
        assert line.startswith(f"{model.name} ") and "  available" in line


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_name_that_is_longer_than_a_line_is_cut_and_nothing_else(monkeypatch, width):
    put_own(f"{'long' * 60}.gguf")
    row = lines(width, monkeypatch)[-1].split()
    assert row[0].startswith("longlong") and row[0].endswith("…")
    assert row[1:6] == ["language", "4", "B", "in", "use"]


def test_a_pipe_gets_names_that_are_as_long_as_a_model_is_called():
    put_own(f"{'long' * 20}.gguf")
    assert f"{'long' * 20}.gguf " in told("list")


def test_the_list_makes_no_folder():
    told("list")
    assert not paths.models_folder().exists()


def test_no_name_of_an_own_file_commands_the_terminal():
    put_own("a\x1b[2Jb.gguf")
    assert "\x1b" not in told("list")


def test_a_file_whose_name_is_no_text_is_shown_by_a_name_that_every_command_takes():
    put_own("bad\udcff.gguf")
    assert json.loads(told("list", "--json"))[-1]["name"] == "bad\ufffd.gguf"
    assert "bad\ufffd.gguf" in told("list")
    sentence = f"{paths.config_file()} cannot name bad\ufffd.gguf, whose name is not UTF-8; rename it"
    assert refused("use", "bad\ufffd.gguf") == refused("use", "bad\udcff.gguf") == sentence


def test_a_file_is_chosen_by_the_name_that_is_shown():
    put_own("x\x1b[31m.gguf")
    assert "x[31m.gguf is used from now on" in told("use", "x[31m.gguf")
    assert engine_model() == "x\x1b[31m.gguf"


def test_no_name_that_is_typed_commands_the_terminal():
    put_own("x\x1b[31m.gguf")
    assert "\x1b" not in told("use", "x\x1b[31m.gguf")
    assert "\x1b" not in refused("use", "y\x1b[31m.gguf")
    assert "\x1b" not in refused("pull", "y\x1b[31m.gguf")


def test_a_download_names_every_file_and_where_it_is(offered):
    place = offered["de_DE-thorsten"].path(paths.models_folder())
    assert told("pull", "de_DE-thorsten") == (
        "Licence: MIT\n"
        "de_DE-thorsten.onnx.json  1.0 kB\n"
        "de_DE-thorsten.onnx  1.0 kB\n"
        f"de_DE-thorsten is in {place}\n"
        "Choose it with: senter models use de_DE-thorsten\n"
    )
    assert place.read_bytes() == CONTENT


def test_a_download_of_what_is_there_says_so(offered):
    told("pull", "whisper-tiny")
    assert "whisper-tiny is there already: " in told("pull", "whisper-tiny")


def test_a_download_of_what_is_chosen_to_hear_says_so():
    configure('[audio]\nwhisper_model = "tiny"\n')
    assert told("pull", "whisper-tiny").endswith("It is the one that is chosen, for when Senter listens.\n")


def test_the_only_language_model_is_used_at_once():
    assert told("pull", "small").endswith("It is used from now on.\n")
    assert not paths.config_file().exists()


def test_a_language_model_beside_another_is_to_be_chosen(offered):
    install(offered["big"])
    assert told("pull", "small").endswith("Choose it with: senter models use small\n")
    assert not paths.config_file().exists()


def test_a_download_never_changes_which_model_is_used(offered):
    install(offered["small"])
    assert told("pull", "big").endswith(
        f"small.gguf stays the one that the engine loads; {paths.config_file()} names it now.\n"
        "Choose it with: senter models use big\n"
    )
    assert engine_model() == "small.gguf"


def test_a_download_that_was_chosen_before_it_was_there_is_used(offered):
    install(offered["big"])
    configure('[engine]\nmodel = "small.gguf"\n')
    assert told("pull", "small").endswith("It is used from now on.\n")


def test_a_download_of_what_is_used_already_does_not_say_that_anything_changed(offered):
    install(offered["big"])
    assert told("pull", "big").endswith("It is the one in use.\n")
    assert not paths.config_file().exists()


def test_when_the_one_in_use_cannot_be_kept_it_is_told(offered):
    install(offered["small"])
    configure("# mine\n")
    paths.config_file().chmod(0o444)
    result = senter("pull", "big")
    assert result.exit_code == 1
    told = "the engine loads big instead of small.gguf from now on, for it is the first by name, and"
    assert result.stderr == f"senter: {told} {paths.config_file()} is read-only; it was not changed\n"
    assert f"big is in {paths.models_folder() / 'Big.gguf'}\n" in result.stdout


def test_a_download_says_under_which_licence_it_is_before_it_begins(server, monkeypatch):
    server.files["voice.onnx"] = CONTENT
    file = ModelFile(server.url("voice.onnx"), 1000, hashlib.sha256(CONTENT).hexdigest())
    voice = Model("voice", VOICE, "", "LicenseRef-Some-1.0", (file,), "https://a/licence")
    monkeypatch.setattr(registry, "offered", lambda: (voice,))
    assert told("pull", "voice").startswith("Licence: Some-1.0, see https://a/licence\nvoice.onnx  1.0 kB\n")


def test_a_language_model_that_nobody_asks_is_told_with_what_to_do():
    configure('[models.primary]\nproviders = ["ollama"]\n')
    last = told("pull", "small").splitlines()[-1]
    way = 'add "embedded" to providers in [models.primary] of'
    assert last == f"The primary model does not ask it; {way} {paths.config_file()}"


def test_without_an_engine_the_way_to_get_one_is_told(monkeypatch):
    monkeypatch.setattr(llama, "installed", lambda: False)
    assert f"{NO_ENGINE}{sys.executable} -m pip install xllamacpp\n" in told("pull", "small")


def test_a_face_model_needs_no_choice():
    assert told("pull", "face").count("\n") == 3


def test_a_wrong_checksum_is_one_sentence_and_leaves_nothing(server):
    server.files["small.gguf"] = bytes(1000)
    assert refused("pull", "small").endswith("its checksum is wrong; nothing was kept")
    assert list(paths.models_folder().iterdir()) == []


def test_a_download_that_is_not_offered_is_one_sentence():
    assert refused("pull", "smal") == "there is no model 'smal'; did you mean small?"


def test_a_download_of_nothing_is_wrong_usage_that_names_what_there_is():
    result = senter("pull")
    assert result.exit_code == 2
    assert "big, small, whisper-tiny, de_DE-thorsten, face" in result.stderr


def test_a_redirect_of_the_real_hosts_is_followed(server):
    server.files["elsewhere"] = CONTENT
    server.enqueue(Answer(status=307, location=server.url("elsewhere")))
    told("pull", "small")


def test_a_language_model_is_chosen(offered):
    install(offered["big"], offered["small"])
    assert told("use", "small") == f"small is used from now on ({paths.config_file()})\n{WHEN_NEEDED}\n"
    assert engine_model() == "small.gguf"


def test_what_is_chosen_already_is_not_chosen_again(offered):
    install(offered["small"])
    told("use", "small")
    assert told("use", "small") == f"small is in use already ({paths.config_file()})\n"


def test_a_language_model_is_chosen_by_the_name_of_its_file_too(offered):
    install(offered["big"], offered["small"])
    assert told("use", "small.gguf").startswith("small is used from now on (")
    assert engine_model() == "small.gguf"


@pytest.mark.parametrize(
    ("active", "called", "last"),
    [
        ("failed", ["reset_failed"], "The engine loads it when it is needed."),
        ("inactive", [], "The engine loads it when it is needed."),
        ("active", ["restart"], "The engine was restarted; it loads the model when it is needed."),
    ],
)
def test_an_engine_that_runs_is_restarted_and_one_that_failed_may_start_again(
    offered, monkeypatch, active, called, last
):
    asked = []
    monkeypatch.setattr(units, "read", lambda unit: units.Unit(unit, True, active, 0))
    for name in ("reset_failed", "restart"):
        monkeypatch.setattr(units, name, lambda unit, name=name: asked.append((name, unit)))
    install(offered["small"])
    assert told("use", "small").splitlines()[-1] == last
    assert asked == [(name, ENGINE.unit) for name in called]


def test_an_own_file_is_chosen():
    put_own()
    told("use", "mine.gguf")
    assert engine_model() == "mine.gguf"


def test_a_speech_model_and_a_voice_are_chosen(offered):
    install(offered["whisper-tiny"], offered["de_DE-thorsten"])
    file = paths.config_file()
    assert told("use", "whisper-tiny") == f"whisper-tiny is chosen, for when Senter listens ({file})\n"
    assert told("use", "de_DE-thorsten") == f"de_DE-thorsten is chosen, for when Senter speaks ({file})\n"
    assert told("use", "de_DE-thorsten") == f"de_DE-thorsten is chosen already, for when Senter speaks ({file})\n"
    audio = load(AudioSettings, paths.config_file())
    assert (audio.whisper_model, audio.voice) == ("tiny", "de_DE-thorsten")


def test_for_faces_there_is_nothing_to_choose(offered):
    install(offered["face"])
    assert told("use", "face") == "face is the only one of its kind; there is nothing to choose\n"
    assert not paths.config_file().exists()


@pytest.mark.parametrize("name", ["small", "whisper-tiny", "face"])
def test_what_is_not_there_cannot_be_chosen(name):
    assert refused("use", name) == f"{name} is not here yet; get it with: senter models pull {name}"
    assert not paths.config_file().exists()


def test_what_does_not_exist_is_one_sentence_with_the_nearest_names():
    put_own("mistral.gguf")
    assert refused("use", "mistal.gguf") == "there is no model 'mistal.gguf'; did you mean mistral.gguf?"


def test_a_choice_that_nobody_asks_is_told_with_what_to_do(offered):
    install(offered["small"])
    configure('[models.research]\nproviders = ["https://a/v1"]\n')
    output = told("use", "small")
    assert 'The research model does not ask it; add "embedded" to providers in [models.research] of ' in output
    assert "primary" not in output


def test_settings_with_mistakes_are_one_sentence_and_stay(offered):
    install(offered["small"])
    configure("[engine\n")
    assert refused("use", "small").startswith(f"{paths.config_file()} is not valid TOML: ")
    assert paths.config_file().read_text() == "[engine\n"
