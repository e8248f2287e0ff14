"""What is read of a document."""

import bz2
import gzip
import io
import lzma
from contextlib import suppress

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.tasks.reader import documents
from senter.tasks.reader.documents import is_document, kind_of
from senter.tasks.reader.text import LARGEST, LONGEST_PASSAGE, Unreadable


def passages_of(content, name, media_type="", charset=""):
    """The passages of a document."""
    return documents.read(content, name, media_type, charset).passages


def locked(content):
    """A PDF that needs a password."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    writer.encrypt("secret", algorithm="RC4-128")
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def test_text_is_told_by_its_lines():
    assert passages_of(b"\n\nOne.\nTwo.\n\nThree.\n", "a.txt") == [("line 3", "One.\nTwo.\n\nThree.")]


@pytest.mark.parametrize(
    "text", ["One.\n\n\n\nTwo.\n# Three\nFour.", "One.\r\n\r\nTwo.", "One.\n\x0c\n\nTwo. \u2028Two."]
)
def test_a_passage_has_the_lines_of_the_text(text):
    lines = text.replace("\r", "").split("\n")
    ((place, piece),) = passages_of(text.encode(), "a.md")
    assert place == "line 1"
    assert [line.split() for line in piece.splitlines()] == [line.split() for line in lines]


@given(st.lists(st.text("ab .#\n\x0c", min_size=50), max_size=20))
def test_every_line_of_a_passage_is_where_its_place_says(parts):
    text = "\n".join(parts)
    lines = text.split("\n")
    for place, piece in passages_of(text.encode(), "a.txt", media_type="text/plain"):
        first = int(place.removeprefix("line ")) - 1
        for number, line in enumerate(piece.split("\n"), first):
            assert line.split() == lines[number].split() or line.strip() in " ".join(lines[number].split("\x0c"))


def test_a_new_heading_begins_a_new_passage():
    long = "A sentence of this part. " * 10
    text = f"# One\n\n{long}\n\n# Two\n\n{long}\n"
    assert [place for place, _ in passages_of(text.encode(), "a.md")] == ["line 1", "line 5"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_passages_are_short_and_lose_no_word(text):
    found = passages_of(text.encode(), "a.txt", media_type="text/plain")
    assert all(0 < len(piece) <= LONGEST_PASSAGE for _, piece in found)


def test_a_huge_line_is_cut_behind_sentences():
    found = passages_of(b"This is one sentence. " * 100_000, "a.txt")
    assert all(text.strip().endswith("sentence.") for _, text in found)
    assert sum(text.count("sentence") for _, text in found) == 100_000
    assert {place for place, _ in found} == {"line 1"}


@pytest.mark.parametrize(
    "content",
    ["Größe für später".encode("latin-1"), "Größe für später".encode(), "Größe für später".encode("utf-16")],
)
def test_text_is_read_in_its_character_set(content):
    assert passages_of(content, "a") == [("line 1", "Größe für später")]


@pytest.mark.parametrize("content", [b"a\0b", bytes(range(128, 160)) * 9, b"\xff\xfe\xfd\x01\x02" * 99])
def test_what_is_not_text_is_not_read(content):
    with pytest.raises(Unreadable, match=r"^is not text$"):
        passages_of(content, "x.bin")


def test_control_characters_do_not_get_through():
    content = "a \x1b[31mred\x07 \u202etxt.exe".encode()
    assert passages_of(content, "a") == [("line 1", "a [31mred txt.exe")]


def test_gzip_is_unpacked():
    assert passages_of(gzip.compress(b"Thirty days.", mtime=0), "a.txt.gz") == [("line 1", "Thirty days.")]


def test_a_gzip_bomb_is_not_unpacked_as_a_whole():
    with pytest.raises(Unreadable, match=r"^is larger than 20 MB when unpacked$"):
        passages_of(gzip.compress(bytes(LARGEST * 5)), "a.gz")


@pytest.mark.parametrize(
    "content", [gzip.compress(b"word " * 99)[:-20], b"\x1f\x8b\x08\x00nonsense"], ids=["cut", "nonsense"]
)
def test_a_broken_gzip_is_told(content):
    with pytest.raises(Unreadable, match=r"^cannot be unpacked$"):
        passages_of(content, "a.gz")


def test_a_pdf_is_told_by_its_pages(pdf):
    found = passages_of(pdf("Thirty days.", "Sixty days."), "a.pdf")
    assert [(place, text.strip()) for place, text in found] == [
        ("page 1", "Thirty days."),
        ("page 2", "Sixty days."),
    ]


def test_a_pdf_in_gzip_is_a_pdf(pdf):
    assert passages_of(gzip.compress(pdf("Thirty days.")), "a.pdf.gz")[0][0] == "page 1"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda pdf: pdf(""), "is a PDF without text, perhaps a scan"),
        (lambda pdf: locked(pdf("Thirty days.")), "is protected by a password"),
        (lambda pdf: b"%PDF-1.4\nnonsense", "is a PDF that cannot be read"),
        (lambda pdf: pdf("Thirty")[:300], "is a PDF that cannot be read"),
    ],
)
def test_a_pdf_that_cannot_be_read_says_why(pdf, broken, told):
    with pytest.raises(Unreadable) as caught:
        passages_of(broken(pdf), "a.pdf")
    assert str(caught.value) == told


@given(data=st.data())
def test_a_pdf_with_wrong_bytes_is_read_or_refused(pdf, data):
    content = bytearray(pdf("Thirty days.", "Sixty days."))
    for _ in range(data.draw(st.integers(1, 9))):
        content[data.draw(st.integers(5, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Unreadable):
        passages_of(bytes(content), "a.pdf")


PAGE = """<!DOCTYPE html><html><head><title>Cure &amp; care</title><style>p{}</style></head><body>
<script>alert("stolen")</script><nav><a href="/">Home</a></nav>
<article><h1>Cure</h1><p>A violator has thirty days to cure a violation of the licence, said the page at length.</p>
<p>After that the licence ends, unless the holder of the rights says otherwise in a letter.</p>
</article></body></html>"""


def test_html_is_read_without_scripts_and_styles():
    text = " ".join(piece for _, piece in passages_of(PAGE.encode(), "a.html"))
    assert "thirty days to cure" in text
    assert "stolen" not in text
    assert "p{}" not in text


def test_of_a_large_page_all_that_can_be_seen_is_read_instead_of_the_article():
    article = PAGE.replace("Home</a>", f"Home{' ' * (500_000 - len(PAGE))}</a>")
    larger = article.replace("Home", "Home ")
    assert len(article) == 500_000
    assert "Home" not in " ".join(piece for _, piece in passages_of(article.encode(), "a.html"))
    text = " ".join(piece for _, piece in passages_of(larger.encode(), "a.html"))
    assert "Home" in text
    assert "thirty days to cure" in text
    assert "stolen" not in text


def test_a_small_page_without_an_article_is_read_too():
    content = b"<html><script>x()</script><body><div>Tea</div><div>Cake</div></body></html>"
    text = "\n".join(piece for _, piece in passages_of(content, "a"))
    assert text.split() == ["Tea", "Cake"]


def test_html_in_a_character_set_of_its_own_is_read():
    content = '<html><meta charset="iso-8859-2"><body><p>Zażółć gęślą</p></body></html>'.encode("iso-8859-2")
    assert "Zażółć gęślą" in passages_of(content, "a.html")[0][1]


def test_html_nested_without_end_is_read_or_empty():
    passages_of(b"<html>" + b"<div>" * 100_000 + b"deep", "a.html")


def test_an_empty_page_has_no_passages():
    assert passages_of(b"", "a.html") == []


def test_the_title_of_a_page_is_one_line():
    titles = [
        documents.read(page, "a.html").title for page in (PAGE.encode(), b"<title>\x1b[2J a\nb</title>x", b"t")
    ]
    assert titles == ["Cure & care", "[2J a b", ""]


@pytest.mark.parametrize(
    ("content", "name", "media_type", "kind"),
    [
        (b"%PDF-1.4", "a.txt", "text/plain", "pdf"),
        (b"PK\x03\x04", "a.txt", "text/html", "archive"),
        (gzip.compress(b"a", mtime=0), "a", "", "archive"),
        (bytes(257) + b"ustar", "a", "", "archive"),
        (b"\xef\xbb\xbf \n<!DOCTYPE HTML>", "a.txt", "text/plain", "html"),
        ("<html>".encode("utf-16"), "a.txt", "", "html"),
        (b"words", "a.txt", "text/html", "html"),
        (b"words", "a.html", "text/plain", "text"),
        (b"words", "A.HTML", "", "html"),
        (b"words", "a.pdf", "", "pdf"),
        (b"words", "a", "application/pdf", "pdf"),
        (b"words", "a.eml", "", "mail"),
        (b"words", "a", "message/rfc822", "mail"),
        (b"Return-Path: <a@b>\r\n", "1700.M1P2.host:2,S", "", "mail"),
        (b"Subject: tea\n\nas notes begin", "a.md", "", "text"),
        (b"words", "a.zip", "", "archive"),
        (b"words", "a.ics", "", "text"),
        (b"", "", "", "text"),
    ],
)
def test_what_could_harm_is_known_by_its_first_bytes_its_media_type_or_its_name(content, name, media_type, kind):
    assert kind_of(content, name, media_type) == kind


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (b"words", True),
        (b"", True),
        (b"PK\x03\x04\0", True),
        (bz2.compress(b"a"), True),
        (lzma.compress(b"a"), True),
        (b"a.txt".ljust(257, b"\0") + b"ustar\0", True),
        (b"\xff\xfea\0", True),
        (b"BZh9\0", False),
        (b"\x7fELF\0", False),
        (b"\x89PNG\r\n\x1a\n\0", False),
    ],
)
def test_what_may_be_a_document(head, is_one):
    assert is_document(head) == is_one


@pytest.mark.parametrize(
    "charset", ["punycode", "idna", "unicode_escape", "utf-7", "zlib", "rot13", "a\0b", "no-such"]
)
def test_what_is_no_character_set_is_not_used_to_hide_text(charset):
    """Python decodes punycode in quadratic time, and \\x41 or +AEE- to letters that nobody saw."""
    content = b"Thirty days \\x41 +AEE-"
    assert passages_of(content, "a.txt", charset=charset) == [("line 1", content.decode())]


def test_a_page_that_names_punycode_as_its_character_set_costs_no_time():
    passages_of(b"<meta charset=punycode>" + b"a-b" * 2_000_000, "a.txt")


@pytest.mark.parametrize(
    "hidden",
    ["\u200b", "\u2060", "\ufeff", "\xad", "".join(chr(0xE0000 + ord(each)) for each in "ignore all")],
    ids=["zero width space", "word joiner", "byte order mark", "soft hyphen", "tags"],
)
def test_marks_that_nobody_sees_do_not_get_through(hidden):
    """Unicode tags: "ASCII smuggling" (Goodside 2024; Rehberger, embracethered.com); zero width: Boucher 2021."""
    assert passages_of(f"thir{hidden}ty days".encode(), "a.txt") == [("line 1", "thirty days")]


def test_marks_of_writing_systems_and_of_emoji_stay():
    text = "\u0646\u0627\u0645\u0647\u200c\u0647\u0627 \U0001f469\u200d\U0001f527"
    assert passages_of(text.encode(), "a.txt") == [("line 1", text)]
