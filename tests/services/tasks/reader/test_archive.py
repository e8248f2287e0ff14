"""The documents in an archive."""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib

import pytest

from senter.tasks.reader import archive, documents
from senter.tasks.reader.text import MOST_MEMBERS, Unreadable

WAYS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
DAYS = b"Thirty days."


def zip_of(members, way=zipfile.ZIP_DEFLATED):
    """A zip archive of names and contents."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", way) as file:
        for name, content in members:
            file.writestr(name, content)
    return output.getvalue()


def tar_of(members, way=""):
    """A tar archive of names and contents; a content that is text is where a link leads."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode=f"w:{way}", format=tarfile.GNU_FORMAT) as file:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                file.addfile(entry)
            else:
                entry.size = len(content)
                file.addfile(entry, io.BytesIO(content))
    return output.getvalue()


def read(content, name="a.zip"):
    """The passages and notes of an archive."""
    found = documents.read(content, name)
    return found.passages, found.notes


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_documents_of_a_zip_are_told_by_their_names_and_lines(way):
    content = zip_of([("letters/a.txt", b"\n\nThirty days."), ("b.html", b"<html><div>Tea</div></html>")], way)
    assert read(content) == ([("letters/a.txt, line 3", "Thirty days."), ("b.html", "Tea")], [])


@pytest.mark.parametrize("way", ["", "gz", "bz2", "xz"])
def test_the_documents_of_a_tar_are_told_by_their_names_and_lines(way):
    content = tar_of([("letters/a.txt", DAYS), ("b", DAYS)], way)
    assert read(content, "a") == ([("letters/a.txt, line 1", "Thirty days."), ("b, line 1", "Thirty days.")], [])


def test_a_pdf_and_a_mail_in_an_archive_are_read(pdf):
    found, _ = read(zip_of([("a.pdf", pdf("Thirty days.")), ("b.eml", b"From: a@b\n\nSixty days.")]))
    assert [place for place, _ in found] == ["a.pdf, page 1", "b.eml, header", "b.eml, line 1"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_one_document_that_is_packed_is_that_document(pack):
    assert read(pack(DAYS), "a.txt.xz") == ([("line 1", "Thirty days.")], [])
    assert read(pack(b"<p>Tea<p>Cake"), "a.html.gz")[0][0][0] == ""


def test_what_is_not_read_is_noted():
    content = zip_of(
        [
            ("picture.png", b"\x89PNG\0"),
            ("inner.zip", zip_of([("a", DAYS)])),
            ("inner.gz", gzip.compress(DAYS)),
            ("broken.pdf", b"%PDF-1.4"),
            ("a.txt", DAYS),
            ("big.txt", b"word " * 5_000_000),
        ]
    )
    assert read(content) == (
        [("a.txt, line 1", "Thirty days.")],
        [
            ("picture.png", "text"),
            ("inner.zip", "nested"),
            ("inner.gz", "nested"),
            ("broken.pdf", "pdf"),
            ("big.txt", "large"),
        ],
    )


def test_what_is_hidden_is_not_read():
    members = [(".git/config", DAYS), ("a/.b", DAYS), ("__MACOSX/._a", DAYS), ("a/../b", DAYS)]
    assert [place for place, _ in read(zip_of(members))[0]] == ["a/../b, line 1"]


def test_names_are_told_on_one_line_and_without_what_acts():
    name = f"\x1b[2J\u202e{'a' * 300}\nb"
    ((place, _),) = read(zip_of([(name, DAYS)]))[0]
    assert place == f"…{'a' * 117} b, line 1"


def test_links_and_devices_of_a_tar_are_nothing():
    assert read(tar_of([("passwd", "/etc/passwd"), ("../../a", DAYS)]))[0] == [("../../a, line 1", "Thirty days.")]


def test_an_archive_without_documents_says_so():
    for content in (zip_of([]), zip_of([(".a", DAYS)])):
        with pytest.raises(Unreadable, match="has no documents in it"):
            read(content)


def test_an_office_document_is_no_archive_of_documents():
    with pytest.raises(Unreadable, match="is an office document or a program"):
        read(zip_of([("[Content_Types].xml", b"<a/>"), ("word/document.xml", b"<a/>")]), "a.docx")


def test_what_needs_a_password_is_noted():
    content = bytearray(zip_of([("a.txt", DAYS), ("b.txt", DAYS)]))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert read(bytes(content)) == ([("b.txt, line 1", "Thirty days.")], [("a.txt", "locked")])


def test_of_very_many_documents_the_first_are_read():
    found, notes = read(zip_of([(str(number), DAYS) for number in range(MOST_MEMBERS + 1)]))
    assert len(found) == MOST_MEMBERS
    assert notes == [("", "members")]


def test_not_more_is_unpacked_than_may_be(monkeypatch):
    monkeypatch.setattr(archive, "MOST_UNPACKED", 1_000_000)
    members = [(str(number), b"word " * 60_000) for number in range(9)]
    for content in (zip_of(members), tar_of(members), tar_of(members, "xz")):
        found, notes = read(content)
        assert {place.split(",")[0] for place, _ in found} == {"0", "1", "2"}
        assert notes == [("", "bytes")]


def test_after_some_computing_no_further_document_is_begun(monkeypatch):
    monkeypatch.setattr(documents, "LONGEST_UNPACKING", 0.0)
    assert read(zip_of([("a", DAYS), ("b", DAYS)])) == ([("a, line 1", "Thirty days.")], [("", "slow")])


def overlapping(files=2000):
    """Many names for the same few bytes, which unpack to many (Fifield 2019, "A better zip bomb", full overlap)."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = b"a" * 19_000_000
    packed = squeezer.compress(kernel) + squeezer.flush()
    sizes = struct.pack("<III", zlib.crc32(kernel), len(packed), len(kernel))
    local = (
        b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", 1, 0) + b"a" + packed
    )
    entry = (
        b"PK\x01\x02"
        + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33)
        + sizes
        + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0)
    )
    end = struct.pack("<HHHHIIH", 0, 0, files, files, files * (len(entry) + 1), len(local), 0)
    return local + (entry + b"a") * files + b"PK\x05\x06" + end


def wrapped(times):
    """A zip in a zip, so often (42.zip, 2000)."""
    content = zip_of([("a.txt", bytes(1000))])
    for _ in range(times):
        content = zip_of([("a.zip", content)])
    return content


def header(**fields):
    """A block of a tar archive."""
    entry = tarfile.TarInfo("a")
    for name, value in fields.items():
        setattr(entry, name, value)
    return entry.tobuf(tarfile.GNU_FORMAT)


def negative_size():
    """A size below zero in a header (CVE-2025-8194: tarfile goes back and reads it again, without end)."""
    block = bytearray(header(type=b"x"))
    block[124:136] = b"\xff" * 4 + struct.pack(">q", -1024)
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    block[148:156] = b"%06o\0 " % total
    return bytes(block) * 3


def long_headers(fields):
    """Extended headers of tar (CVE-2019-20907: a length of nothing; CVE-2024-6232: slow to find)."""
    return header(type=b"x", size=len(fields)) + fields.ljust(512 * -(-len(fields) // 512), b"\0") + header()


HARMFUL = {
    "gzip of zeros": (gzip.compress(bytes(100_000_000)), "a.gz"),
    "bzip2 of zeros": (bz2.compress(bytes(100_000_000)), "a.bz2"),
    "xz of zeros": (lzma.compress(bytes(100_000_000), preset=0), "a.xz"),
    "gzip in gzip (r.gz, Cox 2010: packs itself)": (gzip.compress(gzip.compress(DAYS)), "a.gz.gz"),
    "a tar of zeros in gzip": (tar_of([("a", bytes(100_000_000))], "gz"), "a.tgz"),
    "overlapping entries (Fifield 2019)": (overlapping(), "a.zip"),
    "zip in zip (42.zip)": (wrapped(9), "a.zip"),
    "names without number": (zip_of([(f"{number}.", b"\0") for number in range(20_000)]), "a.zip"),
    "a size below zero (CVE-2025-8194)": (negative_size(), "a.tar"),
    "an extended header of no length (CVE-2019-20907)": (long_headers(b"0 hdrcharset=BINARY\n"), "a.tar"),
    "an extended header that is slow (CVE-2024-6232)": (long_headers(b"1" * 50_000), "a.tar"),
    "long names in long names": (header(type=b"L", size=5, name="././@LongLink") * 5000 + header(), "a.tar"),
    "a sparse file of a terabyte": (header(type=b"S", size=0) + header(), "a.tar"),
    "cut": (zip_of([("a", os.urandom(9999))])[:5000], "a.zip"),
    "nothing but the end": (b"PK\x05\x06" + b"\xff" * 18, "a.zip"),
}


@pytest.mark.parametrize(("content", "name"), HARMFUL.values(), ids=HARMFUL)
def test_an_archive_that_is_made_to_harm_is_read_within_bounds_or_refused(content, name):
    try:
        found, notes = read(content, name)
    except Unreadable:
        return
    assert sum(len(text) for _, text in found) <= archive.MOST_UNPACKED
    assert len(notes) <= archive.MOST_ENTRIES + 1
