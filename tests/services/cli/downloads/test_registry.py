"""The models that are offered, and what of them is there."""

import fcntl
import re

import pytest

from senter.cli.downloads import registry
from senter.cli.downloads.registry import (
    AVAILABLE,
    DOWNLOADING,
    INSTALLED,
    LANGUAGE,
    STOPPED,
    VOICE,
    Model,
    ModelFile,
    find,
    in_words,
    offered,
    own_files,
    progress,
)
from senter.engine import choice
from senter.errors import InvalidArgument, Unavailable

EVERY_MODEL = pytest.mark.parametrize("model", offered(), ids=lambda model: model.name)
SPDX = {"Apache-2.0", "MIT", "CC0-1.0", "CC-BY-4.0"}
ENDINGS = {"language": (".gguf",), "speech": (".bin",), "voice": (".onnx.json", ".onnx"), "face": (".task",)}

FILES = (ModelFile("https://a/voice.onnx.json", 2, "0" * 64), ModelFile("https://a/voice.onnx", 8, "1" * 64))
MODEL = Model("voice", VOICE, "", "MIT", FILES)


def test_there_are_models_of_every_kind():
    assert {model.kind for model in offered()} == set(registry.FOLDERS)


def test_names_and_files_are_unique():
    names = [model.name for model in offered()]
    files = [file.name for model in offered() for file in model.files]
    sums = [file.sha256 for model in offered() for file in model.files]
    assert len(set(names)) == len(names) and len(set(files)) == len(files) and len(set(sums)) == len(sums)


@EVERY_MODEL
def test_a_name_is_easy_to_type_and_the_name_of_a_file_is_safe(model):
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", model.name)
    for file in model.files:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", file.name)


@EVERY_MODEL
def test_an_address_is_encrypted_and_names_a_revision(model):
    for file in model.files:
        hugging_face = r"https://huggingface\.co/[\w.-]+/[\w.-]+/resolve/[0-9a-f]{40}/[\w./-]+"
        google = r"https://storage\.googleapis\.com/mediapipe-models/[\w./-]+/1/[\w.]+"
        assert re.fullmatch(f"{hugging_face}|{google}", file.url)


@EVERY_MODEL
def test_size_and_checksum_are_of_their_form(model):
    for file in model.files:
        assert type(file.size) is int and file.size > 0
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)


@EVERY_MODEL
def test_a_licence_is_one_that_can_be_looked_up(model):
    assert model.licence in SPDX or re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", model.licence)
    assert model.about


@EVERY_MODEL
def test_a_licence_without_an_identifier_says_where_it_can_be_read(model):
    assert bool(re.fullmatch(r"https://\S+", model.terms)) == (model.licence not in SPDX)
    assert model.licence.endswith(model.licence_name) and "LicenseRef" not in model.licence_name


@EVERY_MODEL
def test_name_and_description_fit_a_terminal_of_80_columns(model):
    assert len(model.name) <= 22
    assert len(model.about) <= 27


def test_the_suggested_model_is_among_them():
    assert find(offered(), choice.SUGGESTED).kind == LANGUAGE


@EVERY_MODEL
def test_files_are_of_their_kind_and_the_one_that_others_look_for_is_last(model):
    assert len(model.files) == len(ENDINGS[model.kind])
    for file, ending in zip(model.files, ENDINGS[model.kind], strict=True):
        assert file.name.endswith(ending)


def test_the_names_in_the_settings_are_those_of_the_libraries():
    names = {model.name: model.chosen_as for model in offered()}
    assert names["whisper-small.en"] == "small.en"
    assert names["en_US-lessac-medium"] == "en_US-lessac-medium"
    assert names["qwen3-4b"] == "Qwen3-4B-Instruct-2507-Q4_K_M.gguf"


def test_a_model_is_found_by_its_name():
    assert find(offered(), "whisper-tiny").name == "whisper-tiny"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("whisper-smal", "did you mean whisper-small or"),
        ("Qwen3-4B", "did you mean qwen3-4b or"),
        ("my-own.guf", r"did you mean my-own\.gguf\?"),
        ("zzz", "see: senter models list"),
        ("", "see: senter models list"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_ones(name, hint):
    with pytest.raises(InvalidArgument, match=f"^there is no model '{re.escape(name)}'; {hint}"):
        find(offered(), name, ["my-own.gguf"])


def put(folder, **sizes):
    place = folder / "piper"
    place.mkdir(parents=True, exist_ok=True)
    for name, size in sizes.items():
        (place / name.replace("__", ".")).write_bytes(bytes(size))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({}, (AVAILABLE, 0)),
        ({"voice__onnx": 8}, (AVAILABLE, 0)),
        ({"voice__onnx": 8, "voice__onnx__json": 3}, (AVAILABLE, 0)),
        ({"voice__onnx": 8, "voice__onnx__json": 2}, (INSTALLED, 10)),
        ({"voice__onnx__part": 4}, (STOPPED, 4)),
        ({"voice__onnx__part": 4, "voice__onnx__json": 2}, (STOPPED, 6)),
        ({"voice__onnx__part": 100}, (STOPPED, 10)),
    ],
)
def test_how_much_is_there_is_told_by_sizes(tmp_path, there, expected):
    put(tmp_path, **there)
    assert progress(MODEL, tmp_path) == expected


def test_a_download_that_runs_is_told_from_one_that_stopped(tmp_path):
    put(tmp_path, voice__onnx__part=4)
    with (tmp_path / "piper/voice.onnx.part").open("rb") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        assert progress(MODEL, tmp_path) == (DOWNLOADING, 4)
    assert progress(MODEL, tmp_path) == (STOPPED, 4)


def test_own_files_are_the_language_models_that_are_not_offered(tmp_path):
    for name in ("b.gguf", "a.gguf", "offered.gguf", "c.gguf.part", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.gguf").mkdir()
    known = Model("known", LANGUAGE, "", "MIT", (ModelFile("https://a/offered.gguf", 1, "0" * 64),))
    assert [path.name for path in own_files(tmp_path, [known], ".gguf")] == ["a.gguf", "b.gguf"]


def test_a_folder_that_is_not_there_has_nothing(tmp_path):
    assert own_files(tmp_path / "none", [], ".gguf") == []
    assert progress(MODEL, tmp_path / "none") == (AVAILABLE, 0)


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "models").touch()
    with pytest.raises(Unavailable, match="cannot be read: Not a directory"):
        own_files(tmp_path / "models", [], ".gguf")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (4885, "4.9 kB"),
        (77_691_713, "78 MB"),
        (1_117_320_736, "1.1 GB"),
        (10**10, "10 GB"),
    ],
)
def test_sizes_are_told_in_words(size, words):
    assert in_words(size) == words
