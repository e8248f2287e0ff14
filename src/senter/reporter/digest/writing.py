"""A page of HTML on the disk, as a whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from senter.errors import Unavailable
from senter.reporter.digest.chart import week_chart
from senter.reporter.digest.page import SERIES, unfinished

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def html(values: dict[str, Any]) -> str:
    """The page with these values (``page.values``), which needs no other file and no network."""
    template = resources.files("senter.reporter.digest").joinpath("page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    totals = {series: sum(day["counts"][series] for day in values["week"]) for series in SERIES}
    shown = [(series, SERIES[series]) for series, total in totals.items() if total]
    # the drawing is made of our words and numbers by a library that writes XML
    chart = Markup(week_chart(values["week"], "What was done in the past seven days")) if shown else ""
    return environment.from_string(template).render(values, chart=chart, series=shown)


def write(file: Path, text: str) -> None:
    """Write a file that only the user can read; its folder is made. Raises Unavailable, and leaves nothing then."""
    new = unfinished(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        with _removed_on_failure(new):
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, FILE_MODE)
            with open(descriptor, "wb") as out:
                os.fchmod(descriptor, FILE_MODE)
                out.write(text.encode())
                out.flush()
                os.fsync(descriptor)
            os.replace(new, file)
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: {error.strerror}") from error


@contextlib.contextmanager
def _removed_on_failure(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError:
        with contextlib.suppress(OSError):
            file.unlink()
        raise
