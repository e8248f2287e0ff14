"""Every tool, and whether parameters fit one. Pure."""

from collections.abc import Mapping
from typing import Any

from senter.errors import InvalidArgument
from senter.tasks.tools import file_read, file_search, file_write, web_page, web_search
from senter.tasks.tools.tool import Tool
from senter.wording import one_line, shortened

TOOLS: dict[str, Tool] = {
    file_search.TOOL.name: file_search.TOOL,
    file_read.TOOL.name: file_read.TOOL,
    file_write.TOOL.name: file_write.TOOL,
    web_search.TOOL.name: web_search.TOOL,
    web_page.TOOL.name: web_page.TOOL,
}

_TYPES = {"string": "text", "integer": "a whole number", "array": "a list of texts"}


def tool_named(name: str) -> Tool:
    """The tool with a name; raises InvalidArgument when there is none."""
    if name not in TOOLS:
        known = ", ".join(sorted(TOOLS))
        raise InvalidArgument(f"there is no tool {_shown(name)}; the tools are {known}")
    return TOOLS[name]


def check_parameters(tool_name: str, parameters: object) -> None:
    """Compare the parameters of a step with the schema of its tool.

    Raises InvalidArgument that names the parameter that is unknown, missing or of another type.
    """
    schema = tool_named(tool_name).parameters
    if not isinstance(parameters, Mapping):
        raise InvalidArgument(f"the parameters of {tool_name} must be an object")
    for name in parameters:
        if name not in schema["properties"]:
            raise InvalidArgument(f"{tool_name} has no parameter {_shown(name)}")
    for name in schema["required"]:
        if name not in parameters:
            raise InvalidArgument(f"{tool_name} needs the parameter {name}")
    for name, value in parameters.items():
        kind = schema["properties"][name]["type"]
        if not _is_a(kind, value):
            raise InvalidArgument(f"the parameter {name} of {tool_name} must be {_TYPES[kind]}")


def _is_a(kind: str, value: Any) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case _:
            return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _shown(name: object) -> str:
    return f'"{shortened(one_line(str(name)), 60)}"'
