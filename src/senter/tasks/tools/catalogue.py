"""Every tool, and whether parameters fit one. Pure."""

from senter.errors import InvalidArgument
from senter.tasks.tools import (
    calendar_check,
    email_draft,
    file_list,
    file_read,
    file_search,
    file_write,
    notify,
    research,
    run_command,
    web_page,
    web_search,
)
from senter.tasks.tools.tool import Tool
from senter.wording import one_line, shortened

TOOLS: dict[str, Tool] = {
    file_search.TOOL.name: file_search.TOOL,
    file_read.TOOL.name: file_read.TOOL,
    file_list.TOOL.name: file_list.TOOL,
    file_write.TOOL.name: file_write.TOOL,
    email_draft.TOOL.name: email_draft.TOOL,
    web_search.TOOL.name: web_search.TOOL,
    web_page.TOOL.name: web_page.TOOL,
    research.TOOL.name: research.TOOL,
    calendar_check.TOOL.name: calendar_check.TOOL,
    notify.TOOL.name: notify.TOOL,
    run_command.TOOL.name: run_command.TOOL,
}

_ROOT = "data"
"""What the parameters are called in the library's complaints."""


def tool_named(name: str) -> Tool:
    """The tool with a name; raises InvalidArgument when there is none."""
    if name not in TOOLS:
        known = ", ".join(sorted(TOOLS))
        raise InvalidArgument(f"there is no tool {_shown(name)}; the tools are {known}")
    return TOOLS[name]


def check_parameters(tool_name: str, parameters: object) -> None:
    """Compare the parameters of a step with the schema of its tool.

    Raises InvalidArgument that names the parameter and says what it must be.
    """
    # only when a plan is checked or a tool runs: it takes memory, and a service at rest needs it not
    import fastjsonschema

    fits = fastjsonschema.compile(dict(tool_named(tool_name).parameters), use_default=False)
    try:
        fits(parameters)
    except fastjsonschema.JsonSchemaValueException as error:
        place = (error.name or "").removeprefix(_ROOT)
        named = f"the parameter {place[1:]} of {tool_name}" if place else f"the parameters of {tool_name}"
        must = error.message.removeprefix(f"{_ROOT}{place} ")
        raise InvalidArgument(shortened(one_line(f"{named} {must}"))) from error


def _shown(name: object) -> str:
    return f'"{shortened(one_line(str(name)), 60)}"'
