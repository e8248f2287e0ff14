"""The text of a PDF. It is not told what of it a person would see: text that is drawn invisibly is text."""

import io
import re
from collections.abc import Iterator

from senter.tasks.reader.text import MOST_PAGES, Unreadable

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
_DIVIDED = re.compile(r"(?<=[^\W\d_])-\n(?=[a-zß-öø-ÿ])")


def pages_of(content: bytes, notes: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The pages of a PDF as (place, text); that not all are read is noted.

    Raises Unreadable when it cannot be read or has no text.
    """
    import pypdf
    import pypdf.errors

    found = False
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("locked")
        for number, page in enumerate(reader.pages, 1):
            if number > MOST_PAGES:
                notes.append(("", "pages"))
                break
            text = _DIVIDED.sub("", page.extract_text())
            found = found or bool(text.strip())
            yield f"page {number}", text
    except pypdf.errors.DependencyError as error:
        raise Unreadable("cipher") from error
    except (pypdf.errors.PyPdfError, *_BROKEN) as error:
        raise Unreadable("pdf") from error
    if not found:
        raise Unreadable("scan")
