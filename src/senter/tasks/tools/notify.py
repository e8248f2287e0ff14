"""The tool that shows something on the desktop."""

from collections.abc import Mapping
from typing import Any

from senter.errors import InvalidArgument
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.tool import Context, Tool, schema
from senter.wording import one_line, printable, shortened

LONGEST_TITLE = 80
LONGEST_TEXT = 300
"""Characters that fit into a notification."""


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """What is to be shown: ``title``, and ``text`` or else what the steps before wrote, shortened.

    It is shown when this step is noted as done, so that it is shown once. Raises InvalidArgument for a title of
    nothing.
    """
    title = shortened(one_line(parameters["title"]), LONGEST_TITLE)
    if not title:
        raise InvalidArgument("the parameter title of notify must be a text that can be seen")
    text = printable(parameters.get("text") or context.earlier.text, LONGEST_TEXT + 1).strip()
    return Findings(f'Showed "{title}".', notice=(title, shortened(text, LONGEST_TEXT), ""))


TOOL = Tool(
    "notify",
    "Shows a notification with a title and a text, or with what the steps before wrote.",
    schema(("title",), title={"type": "string"}, text={"type": "string"}),
    run,
    "notify",
)
