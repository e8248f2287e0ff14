"""The content of a document as passages: text, Markdown, HTML, PDF, and gzip of these. No disk, no network."""

import codecs
import gzip
import html
import io
import re
import zlib
from collections.abc import Iterator

from senter.errors import Unavailable
from senter.wording import one_line, shortened

LARGEST = 20_000_000
"""Bytes, packed and unpacked."""
LARGEST_HTML = 500_000
"""Characters of HTML in which the article is looked for; of more, all text is taken."""
MOST_PAGES = 200
LONGEST_PASSAGE = 900
SHORT = 200
"""Characters below which a passage takes in what follows, be it under a new heading."""
HEAD = 8192
"""Bytes that are enough to say whether something is a document at all."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What Python takes for the end of a line and others do not."""
_SCRIPTS = ("script", "style", "noscript", "template", "svg", "head")
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,400})", re.IGNORECASE)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset=["']?([\w-]{1,40})""", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s+|[。\uff01\uff1f]")
_SPACE = re.compile(r"\s+")
_NEW_PART = re.compile(r"\s{0,3}#{1,6}\s")
_BLOCKS = "p div br li tr h1 h2 h3 h4 h5 h6 pre blockquote section article table ul ol dd dt".split()  # noqa: SIM905

# What pypdf raises for files that are broken, cut or made to harm, besides its own errors.
_BROKEN = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    OSError,
)


def is_document(head: bytes) -> bool:
    """Whether content that begins so may be a document that can be read."""
    if head.startswith((b"%PDF-", b"\x1f\x8b", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return b"\0" not in head


def passages_of(content: bytes, name: str, kind: str = "", charset: str = "") -> list[tuple[str, str]]:
    """The passages of a document in order, each as (place, text): "line 12" of text, "page 3" of a PDF.

    Takes the content, the name it is shown and known by, and what a server says of it: its media type
    (``text/html``) and character set. Raises Unavailable that says why it cannot be read.
    """
    if content.startswith(b"\x1f\x8b"):
        content, name = _unpacked(content, name), name.removesuffix(".gz")
    if len(content) > LARGEST:
        raise Unavailable(f"{name} is larger than {LARGEST // 1_000_000} MB")
    if content.startswith(b"%PDF-") or kind == "application/pdf":
        return [(place, piece) for place, page in _pages(content, name) for _, piece in _pieces(page)]
    text = text_of(content, name, charset)
    if _is_html(text, name, kind):
        return [("", piece) for _, piece in _pieces(_text_of_html(text))]
    return [(f"line {line}", piece) for line, piece in _pieces(text)]


def text_of(content: bytes, name: str, charset: str = "") -> str:
    """Content as text: by the character set that is named, UTF-16 with a mark, UTF-8, or Latin-1 if that is text.

    Raises Unavailable when it is none of these.
    """
    declared = _CHARSET.search(content[:2048])
    for encoding in (
        charset,
        declared.group(1).decode("ascii") if declared else "",
        _of_mark(content),
        "utf-8-sig",
    ):
        try:
            text = content.decode(encoding or "utf-8-sig")
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            return text
    text = content.decode("cp1252", errors="replace")
    if len(_CONTROLS.findall(text)) + text.count("\ufffd") > len(text) // 100 or "\0" in text:
        raise Unavailable(f"{name} is not text")
    return text


def title_of(content: bytes) -> str:
    """The title an HTML page gives itself, on one line, or nothing."""
    match = _TITLE.search(content[:100_000].decode("utf-8", errors="replace"))
    return shortened(one_line(html.unescape(match.group(1)))) if match else ""


def _of_mark(content: bytes) -> str:
    return "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def _unpacked(content: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            unpacked = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Unavailable(f"{name} cannot be unpacked") from error
    if len(unpacked) > LARGEST:
        raise Unavailable(f"{name} is larger than {LARGEST // 1_000_000} MB when unpacked")
    return unpacked


def _is_html(text: str, name: str, kind: str) -> bool:
    start = text[:1000].lstrip().casefold()
    return (
        kind in ("text/html", "application/xhtml+xml")
        or (not kind and name.casefold().endswith((".html", ".htm", ".xhtml")))
        or start.startswith(("<!doctype html", "<html"))
    )


def _text_of_html(text: str) -> str:
    """The article of a page; of a page without one, all that can be seen."""
    import trafilatura

    if len(text) <= LARGEST_HTML:
        article = trafilatura.extract(text, include_comments=False, include_formatting=True, deduplicate=True)
        if article:
            return str(article)
    return _visible(text)


def _visible(text: str) -> str:
    from lxml import etree  # type: ignore[import-untyped]

    # huge_tree off: libxml2 refuses nesting and texts that are made to harm
    root = etree.fromstring(text.encode(), etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False))
    if root is None:
        return ""
    for element in list(root.iter(*_SCRIPTS)):
        element.clear(keep_tail=True)
    for element in root.iter(*_BLOCKS):
        element.tail = f"\n\n{element.tail or ''}"
    return "".join(root.itertext())


def _pages(content: bytes, name: str) -> Iterator[tuple[str, str]]:
    """The pages of a PDF as (place, text)."""
    import pypdf

    found = False
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unavailable(f"{name} is protected by a password")
        for number, page in enumerate(reader.pages[:MOST_PAGES], 1):
            text = re.sub(r"(?<=[^\W\d_])-\n(?=[a-zß-öø-ÿ])", "", page.extract_text())
            found = found or bool(text.strip())
            yield f"page {number}", text
    except (pypdf.errors.PyPdfError, *_BROKEN) as error:
        raise Unavailable(f"{name} is a PDF that cannot be read") from error
    if not found:
        raise Unavailable(f"{name} is a PDF without text, perhaps a scan")


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """A text in pieces of whole paragraphs where these are short enough, each with the number of its first line.

    A piece has the lines of the text, so that those in it can be counted.
    """
    gathered: list[str] = []
    length, first, last = 0, 1, 1
    for line, paragraph in _paragraphs(text):
        new_part = length >= SHORT and _NEW_PART.match(paragraph)
        between = "\n" * (line - last) or " "
        if gathered and (new_part or length + len(between) + len(paragraph) > LONGEST_PASSAGE):
            yield first, "".join(gathered)
            gathered, length = [], 0
        if gathered:
            gathered.append(between)
            length += len(between)
        else:
            first = line
        gathered.append(paragraph)
        length += len(paragraph)
        last = line + paragraph.count("\n")
    if gathered:
        yield first, "".join(gathered)


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """The paragraphs of a text with the numbers of their first lines; one that is too long comes in parts."""
    gathered: list[str] = []
    first = 1
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, raw in enumerate([*lines, ""], 1):
        line = _CONTROLS.sub("", _BREAKS.sub(" ", raw.expandtabs(4))).rstrip()
        if gathered and (not line or _NEW_PART.match(line)):
            yield from _parts(first, "\n".join(gathered))
            gathered = []
        if line:
            first = first if gathered else number
            gathered.append(line)


def _parts(line: int, paragraph: str) -> Iterator[tuple[int, str]]:
    """A paragraph in parts that are short enough, cut behind a sentence, else at a space, else anywhere."""
    start = 0
    while len(paragraph) - start > LONGEST_PASSAGE:
        window = paragraph[start : start + LONGEST_PASSAGE]
        ends = [match.end() for match in _SENTENCE_END.finditer(window) if match.end() > SHORT]
        spaces = [match.end() for match in _SPACE.finditer(window) if match.end() > SHORT]
        cut = (ends or spaces or [LONGEST_PASSAGE])[-1]
        yield line + _leading(window), window[:cut].strip("\n")
        line += window.count("\n", 0, cut)
        start += cut
    if paragraph[start:].strip():
        yield line + _leading(paragraph[start:]), paragraph[start:].strip("\n")


def _leading(text: str) -> int:
    """How many lines end before the text begins."""
    return len(text) - len(text.lstrip("\n"))
