"""A model from a server that does not always do what it should."""

import hashlib
import shutil
from types import SimpleNamespace

import pytest
from support.file_server import Answer, FileServer
from support.watcher import RememberingWatcher

from senter.cli.downloads import download, part
from senter.cli.downloads.download import Patience, pull
from senter.cli.downloads.registry import LANGUAGE, VOICE, Model, ModelFile
from senter.errors import Busy, Unavailable

CONTENT = bytes(range(256)) * 1024
HALF = len(CONTENT) // 2
HURRY = Patience(stalled_seconds=0.3, tries=3, pause_seconds=0)
PATIENT = Patience(tries=3, pause_seconds=0)


@pytest.fixture
def server():
    with FileServer() as running:
        running.files["model.gguf"] = CONTENT
        yield running


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def watcher():
    return RememberingWatcher()


def of_file(url, content):
    return ModelFile(url, len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def model(server):
    return Model("model", LANGUAGE, "", "MIT", (of_file(server.url("model.gguf"), CONTENT),))


@pytest.fixture
def voice(server):
    server.files |= {"voice.onnx.json": b"{}", "voice.onnx": CONTENT}
    files = tuple(of_file(server.url(name), server.files[name]) for name in ("voice.onnx.json", "voice.onnx"))
    return Model("voice", VOICE, "", "MIT", files)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def leave_half(folder, content=CONTENT, etag=""):
    """What an earlier download left behind."""
    folder.mkdir(parents=True)
    (folder / "model.gguf.part").write_bytes(content[:HALF])
    if etag:
        (folder / "model.gguf.part.etag").write_text(etag)


def etag_of(content):
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def assert_complete(folder):
    assert names(folder) == ["model.gguf"]
    assert (folder / "model.gguf").read_bytes() == CONTENT


def test_a_model_is_in_its_place_and_nothing_else(server, model, folder, watcher):
    assert pull(model, folder, watcher, PATIENT) is True
    assert_complete(folder)
    assert watcher.begun == ["model.gguf"] and watcher.done[-1] == len(CONTENT)
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_what_is_there_and_sound_is_not_asked_for(server, model, folder, watcher):
    pull(model, folder, watcher, PATIENT)
    assert pull(model, folder, watcher, PATIENT) is False
    assert len(server.requests) == 1
    assert_complete(folder)


@pytest.mark.parametrize("found", [b"", CONTENT[:-1], CONTENT[:-1] + b"x"], ids=["empty", "shorter", "another"])
def test_what_is_there_and_not_sound_is_replaced(model, folder, watcher, found):
    folder.mkdir()
    (folder / "model.gguf").write_bytes(found)
    assert pull(model, folder, watcher, PATIENT) is True
    assert_complete(folder)


def test_a_connection_that_breaks_is_gone_on_with_by_itself(server, model, folder, watcher):
    server.enqueue(Answer(cut=HALF), Answer(cut=100))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert server.ranges() == ["", f"bytes={HALF}-", f"bytes={HALF + 100}-"]
    assert [request.headers.get("if-range", "") for request in server.requests] == ["", *[etag_of(CONTENT)] * 2]
    assert len(watcher.broken) == 2 and "the connection was lost" in watcher.broken[0]


def test_a_server_that_ends_too_early_without_saying_how_long_it_is_is_asked_again(server, model, folder, watcher):
    server.enqueue(Answer(cut=HALF, unbounded=True))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert watcher.broken == ["the server ended too early"]


def test_a_server_that_says_nothing_any_more_is_asked_again(server, model, folder, watcher):
    server.enqueue(Answer(stall=HALF))
    pull(model, folder, watcher, HURRY)
    assert_complete(folder)
    assert watcher.broken == ["the server is silent"]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_cannot_now_is_asked_again(server, model, folder, watcher, status):
    server.enqueue(Answer(status=status))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert watcher.broken == [f"the server answered {status}"]


def test_after_so_many_failures_it_is_left_and_what_came_stays(server, model, folder, watcher):
    server.enqueue(Answer(cut=HALF), *[Answer(status=503)] * 3)
    with pytest.raises(Unavailable, match=r"^model\.gguf cannot be downloaded now: the server answered 503$"):
        pull(model, folder, watcher, PATIENT)
    assert len(server.requests) == 3
    assert (folder / "model.gguf.part").read_bytes() == CONTENT[:HALF]


def test_failures_are_counted_anew_when_much_has_come(server, folder, watcher):
    large = bytes(6 << 20)
    server.files["large.gguf"] = large
    model = Model("large", LANGUAGE, "", "MIT", (of_file(server.url("large.gguf"), large),))
    server.enqueue(*[Answer(cut=(1 << 20) + 10)] * 4)
    pull(model, folder, watcher, PATIENT)
    assert len(watcher.broken) == 4


@pytest.mark.parametrize(
    "resumed", [Answer(status=416), Answer(says_range="bytes 7-8/9")], ids=["no such range", "another range"]
)
def test_what_comes_again_and_again_from_the_beginning_is_no_progress(server, folder, watcher, resumed):
    large = bytes(6 << 20)
    server.files["large.gguf"] = large
    model = Model("large", LANGUAGE, "", "MIT", (of_file(server.url("large.gguf"), large),))
    server.enqueue(*[Answer(cut=(1 << 20) + 10), resumed] * 3)
    with pytest.raises(Unavailable, match=r"^large\.gguf cannot be downloaded now: "):
        pull(model, folder, watcher, PATIENT)
    assert len(server.requests) == 3


def test_what_an_earlier_download_had_brought_already_is_no_progress(server, folder, watcher):
    large = bytes(6 << 20)
    server.files["large.gguf"] = large
    model = Model("large", LANGUAGE, "", "MIT", (of_file(server.url("large.gguf"), large),))
    folder.mkdir()
    (folder / "large.gguf.part").write_bytes(large[: 2 << 20])
    server.enqueue(Answer(status=416), Answer(cut=(1 << 20) + 10), Answer(status=503))
    with pytest.raises(Unavailable, match="the server answered 503"):
        pull(model, folder, watcher, PATIENT)


@pytest.mark.parametrize(
    ("wish", "waited", "told"),
    [
        ("7", 7, " and asks to wait for 7 s"),
        ("3600", 60, " and asks to wait for 3600 s"),
        ("", 0, ""),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0, ""),
        ("-1", 0, ""),
    ],
)
def test_a_server_that_asks_for_time_gets_it_within_reason(
    server, model, folder, watcher, monkeypatch, wish, waited, told
):
    pauses = []
    monkeypatch.setattr(download, "time", SimpleNamespace(sleep=pauses.append))
    server.enqueue(Answer(status=429, retry_after=wish))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert pauses == [waited]
    assert watcher.broken == [f"the server answered 429{told}"]


def test_pauses_become_longer(server, model, folder, watcher, monkeypatch):
    pauses = []
    monkeypatch.setattr(download, "time", SimpleNamespace(sleep=pauses.append))
    server.enqueue(*[Answer(status=503)] * 3, Answer(status=503, retry_after="1"))
    pull(model, folder, watcher, Patience())
    assert pauses == [1, 2, 4, 8]


def test_the_next_download_goes_on_where_the_last_one_stopped(server, model, folder, watcher):
    leave_half(folder, etag=etag_of(CONTENT))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert server.ranges() == [f"bytes={HALF}-"]
    assert server.requests[0].headers["if-range"] == etag_of(CONTENT)
    assert watcher.checked == [HALF]


def test_without_a_name_of_the_content_it_goes_on_as_well(server, model, folder, watcher):
    leave_half(folder)
    server.enqueue(Answer(nameless=True))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert "if-range" not in server.requests[0].headers


def test_a_server_that_knows_no_ranges_sends_it_all_anew(server, model, folder, watcher):
    leave_half(folder, etag=etag_of(CONTENT))
    server.enqueue(Answer(ignores_range=True))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert len(server.requests) == 1


def test_a_file_that_was_another_when_it_was_begun_comes_anew(server, model, folder, watcher):
    leave_half(folder, bytes(len(CONTENT)), etag=etag_of(bytes(len(CONTENT))))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)


def test_a_server_that_goes_on_elsewhere_is_not_believed(server, model, folder, watcher):
    leave_half(folder)
    server.enqueue(Answer(says_range=f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}"))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert server.ranges() == [f"bytes={HALF}-", ""]


def test_a_server_that_does_not_say_how_long_the_whole_is_is_gone_on_with(server, model, folder, watcher):
    leave_half(folder)
    server.enqueue(Answer(says_range=f"bytes {HALF}-{len(CONTENT) - 1}/*"))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert server.ranges() == [f"bytes={HALF}-"]


def test_a_range_that_the_server_does_not_have_begins_anew(server, model, folder, watcher):
    leave_half(folder)
    server.enqueue(Answer(status=416))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert server.ranges() == [f"bytes={HALF}-", ""]


def test_a_part_that_is_complete_is_only_verified(server, model, folder, watcher):
    folder.mkdir()
    (folder / "model.gguf.part").write_bytes(CONTENT)
    assert pull(model, folder, watcher, PATIENT) is True
    assert_complete(folder)
    assert server.requests == []


def test_a_part_that_is_too_large_is_begun_anew(server, model, folder, watcher):
    folder.mkdir()
    (folder / "model.gguf.part").write_bytes(CONTENT + b"x")
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert server.ranges() == [""]


@pytest.mark.parametrize("left", [b"", bytes(HALF)], ids=["anew", "resumed"])
def test_a_wrong_checksum_leaves_nothing_behind(server, model, folder, watcher, left):
    server.files["model.gguf"] = bytes(len(CONTENT))
    folder.mkdir()
    if left:
        (folder / "model.gguf.part").write_bytes(left)
    sentence = (
        r"^model\.gguf from 127\.0\.0\.1 is not the file it should be: its checksum is wrong; nothing was kept$"
    )
    with pytest.raises(Unavailable, match=sentence):
        pull(model, folder, watcher, PATIENT)
    assert names(folder) == []


def test_a_wrong_checksum_keeps_the_file_that_was_in_its_place(server, model, folder, watcher):
    server.files["model.gguf"] = bytes(len(CONTENT))
    folder.mkdir()
    (folder / "model.gguf").write_bytes(b"an older one")
    with pytest.raises(Unavailable):
        pull(model, folder, watcher, PATIENT)
    assert (folder / "model.gguf").read_bytes() == b"an older one"


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (CONTENT + b"x", Answer()),
        (CONTENT[:-1], Answer()),
        (CONTENT, Answer(more=bytes(1000))),
        (CONTENT, Answer(length=len(CONTENT) + 5)),
    ],
    ids=["too long", "too short", "longer than it says nothing of", "longer than it is"],
)
def test_a_file_of_another_size_leaves_nothing_behind(server, model, folder, watcher, content, answer):
    server.files["model.gguf"] = content
    server.enqueue(answer)
    with pytest.raises(Unavailable, match="is not the file it should be"):
        pull(model, folder, watcher, PATIENT)
    assert names(folder) == []
    assert all(done <= len(CONTENT) for done in watcher.done)


def test_a_file_that_is_gone_is_one_sentence(server, model, folder, watcher):
    del server.files["model.gguf"]
    with pytest.raises(
        Unavailable, match=r"^model\.gguf cannot be downloaded: 127\.0\.0\.1 answered 404 Not Found$"
    ):
        pull(model, folder, watcher, PATIENT)
    assert names(folder) == []


def test_a_redirect_is_followed(server, model, folder, watcher):
    server.files["elsewhere"] = CONTENT
    server.enqueue(Answer(status=302, location="/elsewhere"))
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)


def test_redirects_without_end_are_not(server, model, folder, watcher):
    server.enqueue(*[Answer(status=302, location="/model.gguf")] * 20)
    with pytest.raises(Unavailable, match="its address leads nowhere"):
        pull(model, folder, watcher, PATIENT)
    assert len(server.requests) < 10


def test_a_redirect_to_another_machine_without_encryption_is_not(server, model, folder, watcher):
    server.enqueue(Answer(status=302, location="http://models.example/model.gguf"))
    with pytest.raises(Unavailable, match=r"models\.example would send it without encryption"):
        pull(model, folder, watcher, PATIENT)
    assert names(folder) == []


@pytest.mark.parametrize("scheme", ["file", "ftp"])
def test_a_redirect_to_something_else_than_the_web_is_not_followed(server, model, folder, watcher, scheme):
    server.enqueue(Answer(status=302, location=f"{scheme}:///etc/passwd"))
    told = rf"^model\.gguf is not downloaded: its address leads to {scheme}:, not to https:$"
    with pytest.raises(Unavailable, match=told):
        pull(model, folder, watcher, PATIENT)
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["https://[::1:x]/model.gguf", "https://models.example:many/"])
def test_a_redirect_that_cannot_be_understood_is_not_tried_again(server, model, folder, watcher, location):
    server.enqueue(Answer(status=302, location=location))
    with pytest.raises(Unavailable, match="its address leads nowhere"):
        pull(model, folder, watcher, PATIENT)
    assert len(server.requests) == 1


def test_an_address_without_encryption_elsewhere_is_not_asked(folder, watcher):
    model = Model("model", LANGUAGE, "", "MIT", (of_file("http://models.example/model.gguf", CONTENT),))
    with pytest.raises(Unavailable, match="without encryption"):
        pull(model, folder, watcher, PATIENT)


def test_a_machine_that_cannot_be_reached_is_one_sentence(folder, watcher):
    model = Model("model", LANGUAGE, "", "MIT", (of_file("https://127.0.0.1:1/model.gguf", CONTENT),))
    with pytest.raises(Unavailable, match=r"now: 127\.0\.0\.1 cannot be reached \(Connection refused\)$"):
        pull(model, folder, watcher, PATIENT)


def test_the_proxy_of_the_environment_is_used(server, folder, watcher, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", server.url(""))
    model = Model("model", LANGUAGE, "", "MIT", (of_file("https://models.example/model.gguf", CONTENT),))
    with pytest.raises(Unavailable, match=r"models\.example cannot be reached \(403 Forbidden\)"):
        pull(model, folder, watcher, PATIENT)
    assert {request.path for request in server.requests} == {"models.example:443"}


def test_a_proxy_that_is_none_is_one_sentence(folder, watcher, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://proxy")
    model = Model("model", LANGUAGE, "", "MIT", (of_file("https://models.example/model.gguf", CONTENT),))
    with pytest.raises(Unavailable, match="the proxy that the environment names cannot be used"):
        pull(model, folder, watcher, PATIENT)
    assert names(folder) == []


def test_a_disk_without_room_is_told_before_anything_is_asked(server, model, folder, watcher, monkeypatch):
    usage = shutil.disk_usage(folder.parent)._replace(free=1000)
    monkeypatch.setattr(part.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(Unavailable, match=f"^this needs 262 kB, and 1.0 kB are free in {folder}$"):
        pull(model, folder, watcher, PATIENT)
    assert server.requests == []
    assert names(folder) == []


def test_what_is_there_needs_no_room(model, folder, watcher, monkeypatch):
    leave_half(folder)
    usage = shutil.disk_usage(folder)._replace(free=len(CONTENT) - HALF)
    monkeypatch.setattr(part.shutil, "disk_usage", lambda _: usage)
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)


def test_a_place_that_is_no_folder_is_one_sentence(model, folder, watcher):
    folder.write_text("a file")
    with pytest.raises(Unavailable, match=f"^{folder} cannot be written: File exists$"):
        pull(model, folder, watcher, PATIENT)


def test_a_link_in_the_place_of_the_part_is_not_followed(model, folder, watcher, tmp_path):
    folder.mkdir()
    (folder / "model.gguf.part").symlink_to(tmp_path / "precious")
    with pytest.raises(Unavailable, match="cannot be written"):
        pull(model, folder, watcher, PATIENT)
    assert not (tmp_path / "precious").exists()


def test_an_interruption_keeps_what_is_there(server, model, folder):
    class Impatient(RememberingWatcher):
        def at(self, file, done):
            if done >= HALF:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(model, folder, Impatient(), PATIENT)
    assert names(folder) == ["model.gguf.part", "model.gguf.part.etag"]
    watcher = RememberingWatcher()
    pull(model, folder, watcher, PATIENT)
    assert_complete(folder)
    assert watcher.checked[-1] >= HALF


def test_while_it_is_being_downloaded_nobody_else_begins(server, model, folder):
    class Other(RememberingWatcher):
        refused = 0

        def at(self, file, done):
            with pytest.raises(Busy, match=r"^model is being downloaded already$"):
                pull(model, folder, RememberingWatcher(), PATIENT)
            self.refused += 1

    other = Other()
    pull(model, folder, other, PATIENT)
    assert other.refused
    assert_complete(folder)


def test_a_lock_on_what_was_put_in_its_place_meanwhile_is_none(model, folder, monkeypatch):
    folder.mkdir()
    lock = part.fcntl.flock

    def too_late(descriptor, how):
        if not (folder / "model.gguf").exists():
            (folder / "model.gguf.part").rename(folder / "model.gguf")
        lock(descriptor, how)

    monkeypatch.setattr(part.fcntl, "flock", too_late)
    with part.alone(model, folder):
        assert (folder / "model.gguf").exists()
        with pytest.raises(Busy), part.alone(model, folder):
            pass


def test_all_files_of_a_model_come_into_its_place(voice, folder, watcher):
    pull(voice, folder, watcher, PATIENT)
    assert names(folder) == ["piper/voice.onnx", "piper/voice.onnx.json"]
    assert watcher.begun == ["voice.onnx.json", "voice.onnx"]


def test_nothing_appears_before_all_of_it_is_there(voice, folder):
    class Looking(RememberingWatcher):
        seen = 0

        def at(self, file, done):
            assert [name for name in names(folder) if ".part" not in name] == []
            self.seen += 1

    looking = Looking()
    pull(voice, folder, looking, PATIENT)
    assert looking.seen >= 2


def test_the_file_that_others_look_for_appears_last(voice, folder, watcher):
    (folder / "piper/voice.onnx").mkdir(parents=True)
    with pytest.raises(Unavailable, match="Is a directory"):
        pull(voice, folder, watcher, PATIENT)
    assert names(folder) == ["piper/voice.onnx.json", "piper/voice.onnx.part"]


def test_one_wrong_file_of_a_model_leaves_none_of_it(server, voice, folder, watcher):
    server.files["voice.onnx"] = bytes(len(CONTENT))
    with pytest.raises(Unavailable, match=r"voice\.onnx from"):
        pull(voice, folder, watcher, PATIENT)
    assert names(folder) == []


def test_only_the_missing_file_of_a_model_is_asked_for(server, voice, folder, watcher):
    (folder / "piper").mkdir(parents=True)
    (folder / "piper/voice.onnx").write_bytes(CONTENT)
    pull(voice, folder, watcher, PATIENT)
    assert [request.path for request in server.requests] == ["/voice.onnx.json"]
    assert names(folder) == ["piper/voice.onnx", "piper/voice.onnx.json"]
