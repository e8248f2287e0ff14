"""Looking through a folder."""

import gzip
import os
import zipfile

import pytest

from senter.errors import Denied, Unavailable
from senter.tasks.tools import file_search, reading
from senter.tasks.tools.tool import Context

CURE = "A violator has thirty days to cure a violation of the licence."


@pytest.fixture
def letters(tmp_path):
    """An empty folder."""
    (tmp_path / "letters").mkdir()
    return tmp_path / "letters"


def search(folder, query="how many days to cure", **parameters):
    """The findings of a search in an allowed folder."""
    return file_search.run({"folder": str(folder), **parameters}, Context(query, (str(folder),)))


def test_the_passages_that_fit_are_found_with_file_and_line(letters):
    (letters / "licence.md").write_text(f"# Licence\n\n{'Something else entirely. ' * 30}\n\n# Cure\n\n{CURE}\n")
    (letters / "bread").write_text("Bake the bread for forty minutes.")
    findings = search(letters)
    (passage,) = findings.passages
    assert (passage.source, passage.place, passage.title) == (f"{letters}/licence.md", "line 5", "licence.md")
    assert CURE in passage.text
    assert findings.text == f"Read 2 documents in {letters}; 1 passage fits."
    assert findings.notes == ()


def test_the_query_goes_before_the_question_of_the_goal(letters):
    (letters / "a").write_text(CURE)
    (letters / "b").write_text("Bake the bread.")
    assert [each.title for each in search(letters, query="cure").passages] == ["a"]
    findings = file_search.run({"folder": str(letters), "query": "bread"}, Context("cure", (str(letters),)))
    assert [each.title for each in findings.passages] == ["b"]


def test_folders_below_and_gzip_are_read_but_nothing_hidden(letters):
    (letters / "old/.git").mkdir(parents=True)
    (letters / "old/a.gz").write_bytes(gzip.compress(CURE.encode()))
    (letters / "old/.git/b").write_text(f"{CURE} Of git.")
    (letters / ".c").write_text(f"{CURE} Hidden.")
    assert [each.title for each in search(letters).passages] == ["old/a.gz"]


def test_the_documents_in_an_archive_are_read_too(letters):
    with zipfile.ZipFile(letters / "old.zip", "w") as archive:
        archive.writestr("1999/licence.txt", f"\n\n{CURE}")
        archive.writestr("1999/picture.png", b"\0")
    findings = search(letters)
    assert [(each.title, each.place) for each in findings.passages] == [("old.zip", "1999/licence.txt, line 3")]
    assert findings.notes == ("1999/picture.png in old.zip is not text and was not read",)


def test_at_most_twelve_passages_are_given_in_the_order_of_the_documents(letters):
    for number in range(30):
        (letters / f"{number:02}").write_text(f"{CURE} This is letter {number}.")
    found = [each.title for each in search(letters).passages]
    assert len(found) == 12
    assert found == sorted(found)


def test_what_is_not_read_is_noted_and_the_rest_is_found(letters, tmp_path):
    (letters / "a.txt").write_text(CURE)
    with open(letters / "big.txt", "wb") as file:
        file.truncate(200_000_000)
    os.mkfifo(letters / "pipe")
    (letters / "x.bin").write_bytes(b"\0\1\2")
    (letters / "y.pdf").write_bytes(b"%PDF-1.4 nonsense")
    (tmp_path / "secret").write_text(f"{CURE} secret")
    (letters / "link").symlink_to(tmp_path / "secret")
    (letters / "inside").symlink_to("a.txt")
    findings = search(letters)
    assert [each.title for each in findings.passages] == ["a.txt"]
    assert set(findings.notes) == {
        "big.txt is larger than 20 MB and was not read",
        "link is a link that leads out of the folder and was not read",
        "pipe is not a file and was not read",
        "x.bin is not text and was not read",
        "y.pdf is a PDF that cannot be read and was not read",
    }


def test_a_hard_link_is_noted_and_not_read(letters, tmp_path):
    (letters / "a").write_text(CURE)
    (tmp_path / "secret").write_text(f"{CURE} secret")
    os.link(tmp_path / "secret", letters / "b")
    findings = search(letters)
    assert [each.title for each in findings.passages] == ["a"]
    assert findings.notes == ("b has another name somewhere else (a hard link) and was not read",)


def test_many_notes_are_folded(letters):
    (letters / "a").write_text(CURE)
    for number in range(9):
        (letters / f"{number}.bin").write_bytes(b"\0")
    assert search(letters).notes[-1] == "… and 4 more were not read"


def test_a_link_to_a_folder_outside_is_not_entered(letters, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others/a").write_text(CURE)
    (letters / "link").symlink_to(tmp_path / "others")
    with pytest.raises(Unavailable, match=r"read: link is a link that leads out of the folder and was not read$"):
        search(letters)


def test_a_name_that_is_not_text_is_noted(letters):
    (letters / "a").write_text(CURE)
    with open(os.fsencode(letters) + b"/\xff", "wb") as file:
        file.write(CURE.encode())
    assert search(letters).notes == ("? has a name that is not text and was not read",)


def test_after_so_many_documents_no_more_are_read(letters, monkeypatch):
    monkeypatch.setattr(file_search, "MOST_DOCUMENTS", 3)
    for number in range(5):
        (letters / str(number)).write_text(f"{CURE} {number}")
    findings = search(letters)
    assert len(findings.passages) == 3
    assert findings.notes == (f"only the first 3 documents in {letters} were read",)


def test_after_so_many_bytes_no_more_are_read(letters, monkeypatch):
    monkeypatch.setattr(file_search, "MOST_BYTES", 2_000_000)
    for number in range(5):
        (letters / str(number)).write_text(CURE * 30_000)
    assert "2 MB" in search(letters).notes[0]


def test_after_so_much_computing_no_more_is_read(letters, monkeypatch):
    monkeypatch.setattr(file_search, "LONGEST_READING", 0.0)
    (letters / "a").write_text(CURE)
    with pytest.raises(Unavailable):
        search(letters)


def test_a_word_that_is_nowhere_is_noted(letters):
    (letters / "a").write_text(CURE)
    findings = search(letters, query="helicopter")
    assert findings.passages == ()
    assert findings.notes == (f'nothing in {letters} mentions any word of "helicopter"',)


def test_syntax_of_the_index_in_the_query_is_harmless(letters):
    (letters / "a").write_text(CURE)
    assert search(letters, query='cure" OR NEAR(* -').passages


def test_a_folder_without_documents_is_told(letters):
    with pytest.raises(Unavailable, match=f"^there are no documents in {letters}$"):
        search(letters)


def test_a_folder_in_which_nothing_can_be_read_says_why(letters):
    (letters / "x.bin").write_bytes(b"\0")
    with pytest.raises(Unavailable, match=r"can be read: x\.bin is not text and was not read$"):
        search(letters)


def test_a_folder_that_is_not_there_or_no_folder_is_told(letters):
    (letters / "a").write_text(CURE)
    with pytest.raises(Unavailable, match=f"^{letters}/b cannot be read: No such file or directory$"):
        search(letters / "b")
    with pytest.raises(Unavailable, match=f"^{letters}/a cannot be read: Not a directory$"):
        search(letters / "a")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_told(letters):
    letters.chmod(0)
    with pytest.raises(Unavailable, match="cannot be read: Permission denied"):
        search(letters)


def test_a_folder_that_the_goal_does_not_name_is_denied(letters, tmp_path):
    with pytest.raises(Denied):
        file_search.run({"folder": str(tmp_path)}, Context("cure", (str(letters),)))


def test_what_is_part_of_the_system_is_not_entered(letters, monkeypatch):
    monkeypatch.setattr(reading, "CLOSED", (f"{letters}/lib",))
    for folder in ("lib/dpkg", "library"):
        (letters / folder).mkdir(parents=True)
        (letters / folder / "a").write_text(f"{CURE} {folder}")
    assert [each.title for each in search(letters).passages] == ["library/a"]
    with pytest.raises(Denied, match="hidden or part of the system"):
        search(letters / "lib")


def test_a_folder_that_is_not_below_a_root_is_denied(letters):
    with pytest.raises(Denied, match="not below"):
        file_search.run({"folder": str(letters)}, Context("cure", (str(letters),), roots=("/srv",)))
