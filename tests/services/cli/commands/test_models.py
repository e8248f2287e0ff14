"""``senter models``, with a registry of the test's own and nobody running."""

import hashlib
import json
import sys

import pytest
from click.testing import CliRunner
from support.file_server import Answer, FileServer

from senter import paths
from senter.cli.__main__ import main
from senter.cli.downloads import registry
from senter.cli.downloads.registry import FACE, LANGUAGE, SPEECH, VOICE, Model, ModelFile
from senter.engine import llama
from senter.settings import AudioSettings, EngineSettings, load

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
        model("face-landmarker", FACE, "face.task"),
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
    assert table()[0] == ["big", "language", "1.0", "kB", "MIT", "available"]
    assert [row[0] for row in table()] == ["big", "small", "whisper-tiny", "de_DE-thorsten", "face-landmarker"]


def test_the_list_shows_what_is_there_and_where(offered):
    install(offered["big"], offered["whisper-tiny"])
    put_own()
    rows = {row[0]: row[5:] for row in table()}
    assert rows["big"] == ["in", "use", "Big.gguf"]
    assert rows["whisper-tiny"] == ["installed", "whisper/ggml-tiny.bin"]
    assert [row for row in table() if row[0] == "mine.gguf"] == [
        ["mine.gguf", "language", "4", "B", "-", "installed", "mine.gguf"]
    ]


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


def test_on_a_narrow_terminal_only_the_place_is_cut(offered, monkeypatch):
    put_own("a-name-that-is-as-long-as-they-are.gguf")
    monkeypatch.setattr("senter.cli.commands.models.PIPE_WIDTH", 85)
    row = told("list").partition("\n\n")[0].splitlines()[-1].rstrip()
    assert row.split()[:-1] == ["a-name-that-is-as-long-as-they-are.gguf", "language", "4", "B", "-", "in", "use"]
    assert row.endswith("…") and len(row) == 85


def test_the_list_makes_no_folder():
    told("list")
    assert not paths.models_folder().exists()


def test_no_name_of_an_own_file_commands_the_terminal():
    put_own("a\x1b[2Jb.gguf")
    assert "\x1b" not in told("list")


def test_a_download_names_every_file_and_where_it_is(offered):
    place = offered["de_DE-thorsten"].path(paths.models_folder())
    assert told("pull", "de_DE-thorsten") == (
        "de_DE-thorsten.onnx.json  1.0 kB\n"
        "de_DE-thorsten.onnx  1.0 kB\n"
        f"de_DE-thorsten is in {place}\n"
        "Choose it with: senter models use de_DE-thorsten\n"
    )
    assert place.read_bytes() == CONTENT


def test_a_download_of_what_is_there_says_so(offered):
    told("pull", "whisper-tiny")
    assert "whisper-tiny is there already: " in told("pull", "whisper-tiny")


def test_the_only_language_model_is_used_at_once():
    assert told("pull", "small").endswith("It is used from now on: no other is chosen.\n")


def test_a_language_model_beside_another_is_to_be_chosen(offered):
    install(offered["big"])
    assert told("pull", "small").endswith("Choose it with: senter models use small\n")


def test_a_language_model_that_nobody_asks_is_told_with_what_to_do():
    configure('[models.primary]\nproviders = ["ollama"]\n')
    last = told("pull", "small").splitlines()[-1]
    way = 'add "embedded" to providers in [models.primary] of'
    assert last == f"The primary model does not ask it; {way} {paths.config_file()}"


def test_without_an_engine_the_way_to_get_one_is_told(monkeypatch):
    monkeypatch.setattr(llama, "installed", lambda: False)
    assert f"{NO_ENGINE}{sys.executable} -m pip install xllamacpp\n" in told("pull", "small")


def test_a_face_model_needs_no_choice():
    assert told("pull", "face-landmarker").count("\n") == 2


def test_a_wrong_checksum_is_one_sentence_and_leaves_nothing(server):
    server.files["small.gguf"] = bytes(1000)
    assert refused("pull", "small").endswith("its checksum is wrong; nothing was kept")
    assert list(paths.models_folder().iterdir()) == []


def test_a_download_that_is_not_offered_is_one_sentence():
    assert refused("pull", "smal") == "there is no model 'smal'; did you mean small?"


def test_a_download_of_nothing_is_wrong_usage_that_names_what_there_is():
    result = senter("pull")
    assert result.exit_code == 2
    assert "big, small, whisper-tiny, de_DE-thorsten, face-landmarker" in result.stderr


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


def test_an_own_file_is_chosen():
    put_own()
    told("use", "mine.gguf")
    assert engine_model() == "mine.gguf"


def test_a_speech_model_and_a_voice_are_chosen(offered):
    install(offered["whisper-tiny"], offered["de_DE-thorsten"])
    assert told("use", "whisper-tiny").count("\n") == told("use", "de_DE-thorsten").count("\n") == 1
    audio = load(AudioSettings, paths.config_file())
    assert (audio.whisper_model, audio.voice) == ("tiny", "de_DE-thorsten")


def test_for_faces_there_is_nothing_to_choose(offered):
    install(offered["face-landmarker"])
    assert (
        told("use", "face-landmarker")
        == "face-landmarker is the only one of its kind; there is nothing to choose\n"
    )
    assert not paths.config_file().exists()


@pytest.mark.parametrize("name", ["small", "whisper-tiny", "face-landmarker"])
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
