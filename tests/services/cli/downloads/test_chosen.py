"""Which models are there, and which are in use."""

import pytest

from senter.cli.downloads import chosen
from senter.cli.downloads.chosen import rows, workers_elsewhere
from senter.cli.downloads.registry import FACE, FOLDERS, LANGUAGE, SPEECH, VOICE, Model, ModelFile
from senter.engine.choice import choose
from senter.errors import ConfigurationError
from senter.settings import load

ELSEWHERE = '[models.primary]\nproviders = ["ollama"]\n[models.research]\nproviders = ["ollama"]\n'


def model(name, kind, file):
    return Model(name, kind, "", "MIT", (ModelFile(f"https://a/{file}", 4, "0" * 64),))


LARGE, SMALL = model("large", LANGUAGE, "Large.gguf"), model("small", LANGUAGE, "small.gguf")
WHISPER, WHISPER_EN = model("whisper-small", SPEECH, "small.bin"), model("whisper-tiny.en", SPEECH, "tiny.bin")
LESSAC, THORSTEN = (model(name, VOICE, f"{name}.onnx") for name in ("en_US-lessac-medium", "de_DE-thorsten-medium"))
EYES = model("face", FACE, "face.task")
ALL = (LARGE, SMALL, WHISPER, WHISPER_EN, LESSAC, THORSTEN, EYES)


@pytest.fixture
def folder(tmp_path):
    for kind in FOLDERS.values():
        (tmp_path / "models" / kind).mkdir(parents=True, exist_ok=True)
    return tmp_path / "models"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config.toml"


def install(folder, *models):
    for one in models:
        one.path(folder).write_bytes(bytes(4))


def in_use(folder, file):
    return [row.name for row in rows(ALL, folder, file) if row.state == "in use"]


def test_nothing_is_in_use_that_is_not_there(folder, file):
    assert {row.state for row in rows(ALL, folder, file)} == {"available"}
    assert {row.path for row in rows(ALL, folder, file)} == {""}


def test_without_settings_the_usual_ones_are_in_use(folder, file):
    install(folder, *ALL)
    assert in_use(folder, file) == ["large", "whisper-small", "en_US-lessac-medium", "face"]


def test_the_settings_choose(folder, file):
    install(folder, *ALL)
    file.write_text(
        '[engine]\nmodel = "small.gguf"\n[audio]\nwhisper_model = "tiny.en"\nvoice = "de_DE-thorsten-medium"\n'
    )
    assert in_use(folder, file) == ["small", "whisper-tiny.en", "de_DE-thorsten-medium", "face"]


def test_an_own_file_is_listed_and_may_be_in_use(folder, file):
    install(folder, LARGE)
    (folder / "mine.gguf").write_bytes(bytes(7))
    file.write_text('[engine]\nmodel = "mine.gguf"\n')
    own = rows(ALL, folder, file)[-1]
    assert (own.name, own.kind, own.size, own.licence, own.state) == ("mine.gguf", LANGUAGE, 7, "", "in use")
    assert own.path == str(folder / "mine.gguf")
    assert in_use(folder, file) == ["mine.gguf"]


def test_a_language_model_that_nobody_asks_is_not_in_use(folder, file):
    install(folder, LARGE)
    (folder / "mine.gguf").touch()
    file.write_text(ELSEWHERE)
    assert in_use(folder, file) == []
    file.write_text(ELSEWHERE + '[engine]\nmodel = "mine.gguf"\n')
    assert in_use(folder, file) == []


def test_the_settings_are_read_as_often_for_many_own_files_as_for_one(folder, file, monkeypatch):
    reads = []
    monkeypatch.setattr(chosen, "load", lambda *asked: reads.append(asked) or load(*asked))
    monkeypatch.setattr(chosen.choice, "choose", lambda *asked: reads.append(asked) or choose(*asked))
    (folder / "0.gguf").touch()
    rows(ALL, folder, file)
    once = len(reads)
    for number in range(1, 20):
        (folder / f"{number}.gguf").touch()
    reads.clear()
    assert len(rows(ALL, folder, file)) == len(ALL) + 20
    assert len(reads) == once > 0


def test_a_name_that_is_no_text_is_shown_with_a_mark(folder, file):
    (folder / "bad\udcff.gguf").touch()
    own = rows(ALL, folder, file)[-1]
    assert (own.name, own.state, own.path) == ("bad\ufffd.gguf", "in use", str(folder / "bad\ufffd.gguf"))


def test_a_choice_that_is_not_there_leaves_nothing_in_use(folder, file):
    install(folder, LARGE)
    file.write_text('[engine]\nmodel = "gone.gguf"\n')
    assert in_use(folder, file) == []


@pytest.mark.parametrize(
    ("text", "workers"),
    [
        ("", []),
        ('[models.primary]\nproviders = ["ollama"]\n', ["primary"]),
        ('[models.primary]\nproviders = ["ollama", "embedded large"]\n', []),
        (ELSEWHERE, ["primary", "research"]),
        ("[models.primary]\nproviders = []\n", ["primary"]),
    ],
)
def test_the_workers_that_ask_somebody_else_are_known(file, text, workers):
    file.write_text(text)
    assert workers_elsewhere(file) == workers


def test_a_download_is_told_with_how_far_it_is(folder, file):
    (folder / "Large.gguf.part").write_bytes(bytes(2))
    row = rows(ALL, folder, file)[0]
    assert (row.state, row.percent, row.words, row.path) == ("stopped", 50, "stopped 50 %", "")


def test_settings_that_cannot_be_used_are_told(folder, file):
    install(folder, LARGE)
    file.write_text("[engine]\nmodel = 3\n")
    with pytest.raises(ConfigurationError, match=r"\[engine\] model must be"):
        rows(ALL, folder, file)
