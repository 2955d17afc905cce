"""The alphabet of Block Kit's rules: each check looks at one value and notes what is wrong with it, and where."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.workspace.model import Json


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in Slack's words, and the JSON pointer to it."""

    pointer: str
    problem: str


@dataclass(slots=True)
class Inspection:
    """The faults found so far."""

    faults: list[Fault] = field(default_factory=list)

    def note(self, pointer: str, problem: str) -> None:
        """Keep one fault."""
        self.faults.append(Fault(pointer, problem))


Check = Callable[[Inspection, Any, str], None]
"""Looks at a value that stands at a pointer."""


@dataclass(frozen=True, slots=True)
class Need:
    """A field that must be there."""

    check: Check


def string(at_most: int | None = None, at_least: int = 0) -> Check:
    """A text of so many characters."""

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, str):
            inspection.note(pointer, "must be a string")
        elif len(value) < at_least:
            inspection.note(pointer, f"must be more than {at_least - 1} characters")
        elif at_most is not None and len(value) > at_most:
            inspection.note(pointer, f"must be less than {at_most + 1} characters")

    return check


def one_of(*allowed: str) -> Check:
    """One of these words."""

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if value not in allowed:
            inspection.note(pointer, f"must be one of: {', '.join(allowed)}")

    return check


def boolean(inspection: Inspection, value: Any, pointer: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        inspection.note(pointer, "must be a boolean")


def whole(at_least: int | None = None, at_most: int | None = None) -> Check:
    """A whole number within bounds."""

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            inspection.note(pointer, "must be an integer")
        elif at_least is not None and value < at_least:
            inspection.note(pointer, f"must be at least {at_least}")
        elif at_most is not None and value > at_most:
            inspection.note(pointer, f"must be at most {at_most}")

    return check


def number(inspection: Inspection, value: Any, pointer: str) -> None:
    """Any number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        inspection.note(pointer, "must be a number")


def anything(_inspection: Inspection, _value: Any, _pointer: str) -> None:
    """Whatever it is."""


def array(each: Check, at_least: int = 0, at_most: int | None = None) -> Check:
    """A list of so many values, each of them checked."""

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, list):
            inspection.note(pointer, "must be an array")
            return
        if len(value) < at_least:
            inspection.note(pointer, f"no fewer than {at_least} items allowed")
        if at_most is not None and len(value) > at_most:
            inspection.note(pointer, f"no more than {at_most} items allowed")
        for place, item in enumerate(value):
            each(inspection, item, f"{pointer}/{place}")

    return check


def shape(*rules: Check, **fields: Check | Need) -> Check:
    """An object with these fields and no others; `rules` look at the whole of one that is an object.

    A field whose name ends in _ stands for the name without it, which Python keeps for itself.
    """
    named = {name.rstrip("_"): each for name, each in fields.items()}

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            inspection.note(pointer, "must be an object")
            return
        for name, each in named.items():
            if name in value:
                inner = each.check if isinstance(each, Need) else each
                inner(inspection, value[name], f"{pointer}/{name}")
            elif isinstance(each, Need):
                inspection.note(pointer, f"missing required field: {name}")
        for name in value:
            if name not in named:
                inspection.note(pointer, f"invalid additional property: {name}")
        for rule in rules:
            rule(inspection, value, pointer)

    return check


def exactly_one(*names: str) -> Check:
    """A rule of objects: one of these fields, and only one."""

    def check(inspection: Inspection, value: Json, pointer: str) -> None:
        if sum(name in value for name in names) != 1:
            inspection.note(pointer, f"must define exactly one of: {', '.join(names)}")

    return check


def at_least_one(*names: str) -> Check:
    """A rule of objects: one of these fields, or several."""

    def check(inspection: Inspection, value: Json, pointer: str) -> None:
        if not any(value.get(name) for name in names):
            inspection.note(pointer, f"must define either `{'` or `'.join(names)}`")

    return check


def typed(shapes: Mapping[str, Check], only: Collection[str] | None = None) -> Check:
    """An object whose `type` says which of these shapes it has; `only` names the types allowed here."""

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            inspection.note(pointer, "must be an object")
            return
        kind = value.get("type")
        if kind is None:
            inspection.note(pointer, "missing required field: type")
        elif not isinstance(kind, str) or kind not in shapes or (only is not None and kind not in only):
            inspection.note(f"{pointer}/type", f"unsupported type: {kind}")
        else:
            shapes[kind](inspection, value, pointer)

    return check
