"""The text of a PDF, also of one that is made to harm."""

import io
import zlib

import pypdf
import pytest

from senter.tasks.reader.pdf import pages_of
from senter.tasks.reader.text import MOST_PAGES, Unreadable

HEAD = """%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [4 0 R] /Count 1 >> endobj
3 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj
4 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> >> >>
endobj
"""
DRAWN = b"BT /F1 12 Tf 72 720 Td (Thirty days.) Tj ET "


def with_stream(stream, dictionary="", head=HEAD, end="trailer << /Root 1 0 R /Size 6 >>\nstartxref\n0\n%%EOF\n"):
    """A PDF without a table of its parts; its one page is drawn by a stream."""
    start = f"{head}5 0 obj << /Length {len(stream)} {dictionary} >>\nstream\n".encode()
    return start + stream + f"\nendstream\nendobj\n{end}".encode()


def read(content):
    """The text of the pages, or why there is none."""
    notes = []
    try:
        return "".join(text for _, text in pages_of(content, notes)), notes
    except Unreadable as error:
        return error.reason, notes


def test_the_ground_is_a_pdf_that_can_be_read():
    assert read(with_stream(zlib.compress(DRAWN), "/Filter /FlateDecode")) == ("Thirty days.", [])


def bomb(times):
    """Zeros that are packed so often."""
    data = bytes(100_000_000)
    for _ in range(times):
        data = zlib.compress(data, 9)
    return data


HARMFUL = {
    "a bomb (Müller et al., NDSS 2021)": with_stream(bomb(1), "/Filter /FlateDecode"),
    "a bomb in a bomb (CVE-2025-55197)": with_stream(bomb(2), "/Filter [/FlateDecode /FlateDecode]"),
    "a thousand filters": with_stream(DRAWN, f"/Filter [{'/ASCIIHexDecode ' * 1000}]"),
    "a run of lengths (py-pdf/pypdf#3664)": with_stream(b"\x81\x00" * 500_000, "/Filter /RunLengthDecode"),
    "pages that are their own pages (Müller et al., NDSS 2021: infinite loops)": with_stream(
        DRAWN, head=HEAD.replace("/Kids [4 0 R]", "/Kids [2 0 R 2 0 R]")
    ),
    "pages deep below pages": with_stream(
        DRAWN,
        head="%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 10 0 R >> endobj\n"
        + "".join(f"{n} 0 obj << /Type /Pages /Kids [{n + 1} 0 R] /Count 1 >> endobj\n" for n in range(10, 3000)),
    ),
    "a table that comes before itself (Müller et al., NDSS 2021)": b"%PDF-1.4\nxref\n0 1\n"
    b"0000000000 65535 f \ntrailer << /Root 1 0 R /Size 6 /Prev 9 >>\nstartxref\n9\n%%EOF\n",
    "a size that is a lie (CVE-2026-22690)": b"%PDF-1.4\ntrailer << /Size 99999999 >>\nstartxref\n9\n%%EOF\n",
    "a number of pages that is a lie": with_stream(DRAWN, head=HEAD.replace("/Count 1", "/Count 999999999")),
    "lists in lists (CWE-674)": with_stream(DRAWN, head=HEAD.replace("[0 0 9 9]", "[" * 9999)),
    "a comment without end (CVE-2023-36464)": with_stream(b"%", head=HEAD) + b"%" * 10_000,
    "a page that draws itself (Müller et al., NDSS 2021)": with_stream(
        DRAWN, head=HEAD.replace("/Contents 5 0 R", "/Contents 4 0 R")
    ),
    "a form that draws itself (Müller et al., NDSS 2021)": with_stream(
        b"/X Do", "/Subtype /Form", head=HEAD.replace("/Resources <<", "/Resources << /XObject << /X 5 0 R >>")
    ),
    "an inline image without end (CVE-2022-24859)": with_stream(b"BI /W 1 ID " + b"a" * 100_000),
}


@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL)
def test_a_pdf_that_is_made_to_harm_is_read_or_refused(content):
    text, _ = read(content)
    assert len(text) < 1_000_000


def test_a_pdf_of_very_many_pages_is_read_so_far_and_that_is_noted():
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(with_stream(DRAWN)))
    for _ in range(MOST_PAGES):
        writer.add_page(writer.pages[0])
    output = io.BytesIO()
    writer.write(output)
    text, notes = read(output.getvalue())
    assert text.count("Thirty") == MOST_PAGES
    assert notes == [("", "pages")]


def test_a_pdf_that_is_encrypted_in_a_way_that_is_not_known_says_so():
    end = (
        "6 0 obj << /Filter /Standard /V 5 /R 6 /Length 256 /P -1 /O <00> /U <00> /OE <00> /UE <00> /Perms <00>"
        " /CF << /StdCF << /CFM /AESV3 /Length 32 >> >> /StmF /StdCF /StrF /StdCF >> endobj\n"
        "trailer << /Root 1 0 R /Size 7 /Encrypt 6 0 R /ID [<00> <00>] >>\nstartxref\n0\n%%EOF\n"
    )
    assert read(with_stream(DRAWN, end=end))[0] in ("cipher", "pdf")
