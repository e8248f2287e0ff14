"""A document of every kind, read before a process is shut off, so that its parsers load what they need.

Later nothing can be loaded: no file can be opened then, not even one of Python's own.
"""

import encodings
import gc
import importlib
import io
import pkgutil
import tarfile
import zipfile
from datetime import UTC, datetime

from senter.tasks.reader.documents import read

_SENTENCE = "A violator has thirty days to cure a violation of the licence, said the page at some length. "
_ARTICLE = f"""<!DOCTYPE html><html lang="en"><head><title>Cure</title>
<style>.a {{ display: none }}</style></head><body>
<nav><a href="/">Home</a></nav><article><h1>Cure</h1>{f"<p>{_SENTENCE * 3}</p>" * 5}<ul><li>One</li></ul>
<table><tr><td>Two</td></tr></table><pre>three</pre></article></body></html>"""
_LIST = f"<html><body><div>Tea</div><div style='opacity: 0'>{_SENTENCE}</div></body></html>"
_DRAWN = "BT /F1 12 Tf 72 720 Td (Thirty days.) Tj ET"
_PDF = f"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [4 0 R] /Count 1 >> endobj
3 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj
4 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> >> >>
endobj
5 0 obj << /Length {len(_DRAWN)} >>
stream
{_DRAWN}
endstream
endobj
trailer << /Root 1 0 R /Size 6 >>
startxref
0
%%EOF
"""
_MAIL = f"""From: =?utf-8?q?Ad=C3=A4?= <ada@a.example>
To: "Ben" <ben@a.example>, c@a.example
Date: Fri, 02 Jan 2026 10:00:00 +0100
Subject: =?iso-8859-1?Q?Gr=FC=DFe?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/html; charset="iso-8859-15"
Content-Transfer-Encoding: quoted-printable

{_LIST}
--b
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: attachment; filename*=utf-8''a%C3%A4.pdf
Content-Transfer-Encoding: base64

AAAA
--b--
"""
_CALENDAR = """BEGIN:VCALENDAR
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VTIMEZONE
TZID:Somewhere
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1
SUMMARY:Warming
DTSTART;TZID=Somewhere:20260101T090000
RRULE:FREQ=DAILY;UNTIL=20260105T000000Z
EXDATE;TZID=Somewhere:20260102T090000
END:VEVENT
END:VCALENDAR
"""
_warm: set[str] = set()


def warm(kind: str) -> None:
    """Load everything that is needed to read documents of a kind, once: a ``documents.Kind`` or "calendar"."""
    needed = {"html", "pdf", "mail", "archive"} if kind == "archive" else {kind}
    if needed <= _warm:
        return
    for each in sorted(needed - _warm):
        _WARMERS[each]()
    _warm.update(needed)
    # what is there by now is shared with every child, as long as nobody counts it again
    gc.collect()
    gc.freeze()


def _html() -> None:
    _charsets()
    for page in (_ARTICLE, _LIST):
        read(page.encode(), "a.html")


def _pdf() -> None:
    read(_PDF.encode(), "a.pdf")


def _mail() -> None:
    _charsets()
    read(_MAIL.encode(), "a.eml")


def _archive() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", _SENTENCE)
        archive.writestr("b.txt", _SENTENCE, zipfile.ZIP_BZIP2)
        archive.writestr("c.txt", _SENTENCE, zipfile.ZIP_LZMA)
    read(output.getvalue(), "a.zip")
    for way in ("gz", "bz2", "xz"):
        output = io.BytesIO()
        with tarfile.open(fileobj=output, mode=f"w:{way}") as tape:  # type: ignore[call-overload]
            entry = tarfile.TarInfo("a.txt")
            entry.size = len(_SENTENCE)
            tape.addfile(entry, io.BytesIO(_SENTENCE.encode()))
        read(output.getvalue(), f"a.tar.{way}")


def _calendar() -> None:
    from senter.tasks.reader import calendar

    calendar.prepare()
    since, until = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2))
    calendar.occurrences(_CALENDAR.encode(), since, until, [])


def _charsets() -> None:
    """Load every character set; what is for other systems only does not load."""
    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name not in ("mbcs", "oem"):
            importlib.import_module(f"encodings.{module.name}")


_WARMERS = {"html": _html, "pdf": _pdf, "mail": _mail, "archive": _archive, "calendar": _calendar}
