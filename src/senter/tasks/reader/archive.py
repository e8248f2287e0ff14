"""What is packed in zip, tar, gzip, bzip2 and xz, unpacked within bounds. No disk: nothing is ever extracted."""

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO

from senter.tasks.reader.text import LARGEST, MOST_MEMBERS, MOST_UNPACKED, Unreadable

MOST_ENTRIES = 5_000
"""Names that are looked at in one archive."""
HEAD = 8192

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\0"
_BZIP2 = tuple(b"BZh%d1AY&SY" % level for level in range(1, 10))
PACKED = (*_ZIP, _GZIP, _XZ, *_BZIP2)
"""How all of these begin, but for tar, whose mark is further on."""
_TAR_MARK = slice(257, 262)
_SUFFIXES = (".gz", ".bz2", ".xz")
_OF_OFFICES = ("[Content_Types].xml", "META-INF/manifest.xml", "META-INF/MANIFEST.MF")

# What the modules for these raise for content that is broken, cut or made to harm; zipfile answers RuntimeError for
# what needs a password and NotImplementedError for ways of packing it does not know.
_BROKEN = (OSError, EOFError, zlib.error, ValueError, LookupError, RuntimeError, ArithmeticError, TypeError)


@dataclass(frozen=True)
class Member:
    """A document in an archive: its content, or the reason (a word of ``REASONS`` or ``CUTS``) why there is none.

    Without a name it is the archive of which this is said.
    """

    name: str
    content: bytes = b""
    reason: str = ""


def unpacked(content: bytes, name: str) -> tuple[bytes | None, str]:
    """The one document that gzip, bzip2 or xz holds, and its name; (None, name) for an archive of several.

    Raises Unreadable when it cannot be unpacked or is too large then.
    """
    if content.startswith(_ZIP) or _is_tar(content):
        return None, name
    try:
        with _stream(content) as stream:
            head = stream.read(HEAD)
            if _is_tar(head):
                return None, name
            alone = head + stream.read(LARGEST + 1 - len(head))
    except _errors() as error:
        raise Unreadable("pack") from error
    if len(alone) > LARGEST:
        raise Unreadable("large_unpacked")
    end = next((suffix for suffix in _SUFFIXES if name.casefold().endswith(suffix)), "")
    return alone, name[: len(name) - len(end)]


def members(content: bytes, wanted: Callable[[bytes], bool]) -> Iterator[Member]:
    """The files in an archive, in its order, but for hidden ones; ``wanted`` looks at how one begins.

    There are at most ``MOST_MEMBERS`` and ``MOST_UNPACKED`` bytes of them. Raises Unreadable when it is none.
    """
    found = _of_zip if content.startswith(_ZIP) else _of_tar
    left, taken = MOST_UNPACKED, 0
    try:
        for number, (name, file) in enumerate(found(content)):
            if taken == MOST_MEMBERS or number == MOST_ENTRIES:
                yield Member("", reason="members")
                return
            member = _member(name, file, wanted, min(left, LARGEST))
            if member.reason == "large" and left < LARGEST:
                raise _Enough
            left -= len(member.content)
            taken += not member.reason
            yield member
    except _Enough:
        yield Member("", reason="bytes")
    except _errors() as error:
        raise Unreadable("pack") from error


def _member(name: str, opened: Callable[[], IO[bytes]], wanted: Callable[[bytes], bool], most: int) -> Member:
    """One file, when it can be read, is wanted and has at most ``most`` bytes."""
    try:
        with opened() as file:
            head = file.read(HEAD)
            if not wanted(head):
                return Member(name, reason="text")
            content = head + file.read(most + 1 - len(head))
    except RuntimeError as error:
        return Member(name, reason="locked" if "password" in str(error) else "pack")
    except _errors():
        return Member(name, reason="pack")
    return Member(name, content) if len(content) <= most else Member(name, reason="large")


def _of_zip(content: bytes) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if any(entry.filename in _OF_OFFICES for entry in entries[:MOST_ENTRIES]):
            raise Unreadable("office")
        for entry in entries:
            if not entry.is_dir() and not _is_hidden(entry.filename):
                yield entry.filename, partial(archive.open, entry)


def _of_tar(content: bytes) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    import tarfile

    stream = io.BytesIO(content) if _is_tar(content) else _stream(content)
    with tarfile.open(fileobj=_Bounded(stream), mode="r|") as archive:  # type: ignore[call-overload]
        for entry in archive:
            if entry.isreg() and not _is_hidden(entry.name):
                yield entry.name, partial(archive.extractfile, entry)


class _Enough(Exception):
    """More was unpacked than may be."""


class _Bounded:
    """A file that ends the reading when more than ``MOST_UNPACKED`` bytes have been read of it."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self._left = MOST_UNPACKED

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; raises _Enough."""
        data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _Enough
        return data


def _stream(content: bytes) -> io.BufferedIOBase:
    """What gzip, bzip2 or xz holds, unpacked while it is read."""
    import bz2
    import gzip
    import lzma

    if content.startswith(_XZ):
        return lzma.LZMAFile(io.BytesIO(content))
    return (
        bz2.BZ2File(io.BytesIO(content))
        if content.startswith(_BZIP2)
        else gzip.GzipFile(fileobj=io.BytesIO(content))
    )


def _errors() -> tuple[type[Exception], ...]:
    import lzma
    import tarfile
    import zipfile

    return (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, *_BROKEN)


def _is_tar(head: bytes) -> bool:
    return head[_TAR_MARK] == b"ustar"


def _is_hidden(name: str) -> bool:
    return any((part.startswith(".") and part.strip(".")) or part == "__MACOSX" for part in name.split("/"))
