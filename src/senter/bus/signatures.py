"""The D-Bus types of Senter's interfaces as Python annotations, and the way of values to and from the wire.

``text: Str`` is ``str`` for a reader and for mypy, and ``s`` on the bus. A dataclass with such annotations is an
``a{sv}`` there.
"""

from collections.abc import Callable, Hashable
from dataclasses import asdict, fields, is_dataclass, replace
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from senter.bus.library import Variant
from senter.errors import InvalidArgument

Structure = TypeVar("Structure")

_LARGEST_INT64 = 2**63 - 1
_LARGEST = {"y": 2**8 - 1, "u": 2**32 - 1, "t": 2**64 - 1}

Str = Annotated[str, "s"]
Bool = Annotated[bool, "b"]
Byte = Annotated[int, "y"]
U32 = Annotated[int, "u"]
U64 = Annotated[int, "t"]
Double = Annotated[float, "d"]
Strings = Annotated[list[str], "as"]

Doubles = Annotated[dict[str, float], "a{sd}"]

Time = Annotated[int, "t"]
"""Microseconds since 1970-01-01 00:00 UTC."""

Options = Annotated[dict[str, Any], "a{sv}"]
"""Named values; in an interface they arrive without their variants."""


class Check(NamedTuple):
    """One line of a room's ``Check()``: what was looked at, ``ok``, ``warn`` or ``fail``, and how to mend it."""

    what: str
    verdict: str
    fix: str


Checks = Annotated[list[Check], "a(sss)"]


def signature_of(annotation: Any) -> str:
    """The D-Bus signature of an annotation; empty for None.

    Raises TypeError for an annotation that carries none.
    """
    if annotation is None or annotation is type(None):
        return ""
    if get_origin(annotation) is Annotated:
        for extra in get_args(annotation)[1:]:
            if isinstance(extra, str):
                return extra
    raise TypeError(f"{annotation!r} has no D-Bus signature; use a type of senter.bus.signatures")


def pack(value: Any, signature: str = "") -> Any:
    """Make a value ready for the wire: a dataclass becomes ``a{sv}``, a dict likewise, a tuple a list.

    A dict that is to be ``a{sd}`` needs its signature.

    Text that UTF-8 or D-Bus cannot carry (lone surrogates, NUL) is replaced by U+FFFD.
    Raises TypeError for a value that has no D-Bus type.
    """
    if is_dataclass(value) and not isinstance(value, type):
        signatures = _signatures(value.__class__)
        return {name: Variant(sig, pack(getattr(value, name))) for name, sig in signatures.items()}
    if isinstance(value, dict):
        made = float if signature == "a{sd}" else _variant
        return {_text(str(key)): made(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def unpack(value: Any) -> Any:
    """Take the variants out of what came over the wire, at every depth."""
    if isinstance(value, Variant):
        return unpack(value.value)
    if isinstance(value, dict):
        return {key: unpack(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [unpack(item) for item in value]
    return value


def from_dict(kind: type[Structure], values: dict[str, Any]) -> Structure:
    """Build a dataclass from an ``a{sv}`` that a room answered; keys it does not know are left out.

    A newer room may add keys, so only a missing key without default raises TypeError.
    """
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in values.items() if name in names})


def options(kind: Callable[[], Structure], values: dict[str, Any]) -> Structure:
    """Build an options dataclass from what a caller sent.

    Raises InvalidArgument, naming the option, for one that does not exist or has the wrong type.
    """
    defaults: Any = kind()
    signatures = _signatures(defaults.__class__)
    for name, value in values.items():
        if name not in signatures:
            raise InvalidArgument(f'there is no option "{name}"; there are: {", ".join(signatures)}')
        if type(value) is not type(getattr(defaults, name)):
            raise InvalidArgument(f'option "{name}" must be of type {signatures[name]}')
        largest = _LARGEST.get(signatures[name])
        if largest is not None and not 0 <= value <= largest:
            raise InvalidArgument(f'option "{name}" must be 0 to {largest}, not {value}')
    return replace(defaults, **values)  # type: ignore[no-any-return]


def options_to_send(values: Any) -> dict[str, Any]:
    """The options of a dataclass that differ from their defaults, ready for the wire."""
    defaults = asdict(type(values)())
    changed = {name for name, value in asdict(values).items() if value != defaults[name]}
    return {name: variant for name, variant in pack(values).items() if name in changed}


def _variant(value: Any) -> Variant:
    for kind, signature in ((bool, "b"), (str, "s"), (float, "d")):
        if isinstance(value, kind):
            return Variant(signature, pack(value))
    if isinstance(value, int) and -_LARGEST_INT64 - 1 <= value <= 2 * _LARGEST_INT64 + 1:
        return Variant("t" if value > _LARGEST_INT64 else "x", value)
    if isinstance(value, dict):
        return Variant("a{sv}", pack(value))
    if isinstance(value, list | tuple):
        if all(isinstance(item, str) for item in value):
            return Variant("as", pack(value))
        return Variant("av", [_variant(item) for item in value])
    raise TypeError(f"{value!r:.80} has no D-Bus type")


def _text(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


@cache
def _signatures(kind: Hashable) -> dict[str, str]:
    return {name: signature_of(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}
