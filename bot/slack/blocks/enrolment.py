"""A class list before it is stored: how it is chosen, what it comes to, and what was stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.access.class_list import LOCAL_PART
from bot.access.roster import Enrolled, Found, Match
from bot.slack import ids
from bot.slack.blocks import elements, fields
from bot.slack.blocks.text import Block, Message, Quote, code, join, name, person, plural
from bot.slack.blocks.window import window
from bot.slack.commands import CommandNames
from bot.slack.payloads import Behind

TITLE = "Class list"
SHOWN = 10
"""Lines of each kind in a modal."""
MOST_TOGETHER = 5
"""Roles or owners told of one that has several."""
TYPED_LIMIT = 100
"""Characters of each field: all of them go with the preview."""
_MALFORMED = {
    "quotes": "its quotes do not match",
    "no_email": "it has no e-mail",
    "no_role": "it has no role",
    "not_an_email": "its e-mail is no address",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of lines: what they have in common, and each of them."""

    title: str
    lines: tuple[str, ...]


def parts(found: Found, *, replace: bool, quote: Quote, address: Quote, who: Quote) -> list[Part]:
    """Say what a class list comes to, kind by kind; kinds that have no lines are left out.

    `quote` shows names, `address` e-mails, `who` people by their Slack ids.
    """
    seen = found.preview

    def matched(one: Match) -> str:
        return f"{address(one.email)} ({who(one.slack_id)}): {quote(one.role)}"

    def together(others: Sequence[str]) -> str:
        more = len(others) - MOST_TOGETHER
        return join([*map(address, others[:MOST_TOGETHER]), *([f"{more:,} more"] if more > 0 else [])])

    not_students = [line for line in seen.no_such_role if found.not_students & {line.role, line.role.lower()}]
    missing = [line for line in seen.no_such_role if line not in not_students]
    several = (("with several roles", seen.several_roles), ("roles with several owners", seen.several_owners))
    kinds = [
        Part(f"matched, to own their roles on {quote(found.server)}", tuple(map(matched, found.new))),
        Part(f"matched, and own their roles on {quote(found.server)} already", tuple(map(matched, found.kept))),
        Part(
            "no longer in the file",
            tuple(f"{who(link.slack_id)}: {quote(link.role)}" for link in found.leaving) if replace else (),
        ),
        _numbered("not in Slack", ((line.number, address(line.email)) for line in seen.not_in_slack)),
        _numbered("no such role", ((line.number, quote(line.role)) for line in missing)),
        _numbered("not among the configuration's students", ((line.number, quote(line.role)) for line in not_students)),
        _numbered(
            "said twice", ((line.number, f"{address(line.email)}, {quote(line.role)}") for line in seen.repeated)
        ),
        _numbered("not readable", ((bad.number, _MALFORMED.get(bad.why, bad.why)) for bad in seen.malformed)),
        *(
            Part(title, tuple(f"{address(one)}: {together(others)}" for one, others in of.items()))
            for title, of in several
        ),
    ]
    return [part for part in kinds if part.lines]


def _numbered(title: str, lines: Iterable[tuple[int, str]]) -> Part:
    return Part(title, tuple(f"line {number}: {told}" for number, told in lines))


def choosing(servers: Sequence[str], offered: Sequence[str]) -> Block:
    """The modal in which the class list is chosen, and its columns where they have no usual names; for one of the servers `offered`."""
    blocks = [
        fields.field(ids.FILE_FIELD, "CSV file with e-mails and roles", fields.file(ids.FILE_FIELD, ["csv", "txt"])),
        *(
            [fields.field(ids.SERVER_FIELD, "Server", fields.menu(ids.SERVER_FIELD, servers, offered))]
            if len(servers) > 1
            else []
        ),
        fields.field(
            ids.EMAIL_FIELD,
            "Column of the e-mails",
            fields.text(ids.EMAIL_FIELD, "email", TYPED_LIMIT),
            optional=True,
            hint="Only where it is not called email, e-mail or mail.",
        ),
        fields.field(
            ids.TEMPLATE_FIELD,
            "How a role is made of a line",
            fields.text(ids.TEMPLATE_FIELD, f"s_{{{LOCAL_PART}}}", TYPED_LIMIT),
            optional=True,
            hint=f"Columns in braces; {{{LOCAL_PART}}} is what stands before the @. Empty: the column role, username or login.",
        ),
        fields.field(
            ids.STATUS_FIELD,
            "Only lines with this status",
            fields.text(ids.STATUS_FIELD, "Status=enrolled", TYPED_LIMIT),
            optional=True,
            hint="A column and its value; several with commas: Status=enrolled, auditing.",
        ),
        fields.field(
            ids.REPLACE_FIELD,
            "Those who left",
            fields.tick(ids.REPLACE_FIELD, "End the links of those who are not in the file any more"),
            optional=True,
        ),
    ]
    return window("Import the class list", blocks, Behind(), callback_id=ids.IMPORT_MODAL, submit="Preview")


def reading() -> Block:
    """What stands in the modal until the list is matched."""
    return window(TITLE, [elements.section("Matching the list with Slack and the server\u2026")], Behind())


def storing() -> Block:
    """What stands in the modal until the list is stored."""
    return window(TITLE, [elements.section("Storing the list\u2026")], Behind())


def render_changed() -> Message:
    """Say that what was shown does not hold any more, so nothing was stored."""
    return elements.short(
        "Nothing was stored: what the list would change is not what you were shown any more, since somebody changed links, "
        "roles or accounts meanwhile. Look once more, then store."
    )


def previewed(found: Found, about: str, *, replace: bool, changed: bool = False) -> Block:
    """The modal that shows what the list comes to; **Store** where there is anything to store. `about` is what it is made of.

    `changed`: it is shown once more, since the first does not hold any more.
    """
    blocks: list[Block] = [*(render_changed().blocks if changed else ())]
    changes = bool(found.new or (replace and found.leaving))
    if changes:
        ends = f", ends *{len(found.leaving):,}*" if replace else ""
        makes = f"makes *{plural(len(found.new), 'new link')}*"
        blocks.append(elements.section(f"*Store* {makes}{ends} and leaves {len(found.kept):,} as they are."))
    for part in parts(found, replace=replace, quote=name, address=name, who=person):
        more = len(part.lines) - SHOWN
        lines = [*part.lines[:SHOWN], *([f"\u2026 and {more:,} more"] if more > 0 else [])]
        blocks += elements.sections([f"*{len(part.lines):,} {part.title}*", *lines])
    if found.preview.left_out:
        blocks.append(elements.context(f"{plural(found.preview.left_out, 'line')} of another status: left out."))
    if not found.preview.matched:
        blocks.insert(0, elements.section("Nobody in this list is matched with both a person and a role."))
    elif not changes:
        blocks.insert(0, elements.section("There is nothing to store: all who are matched own their roles already."))
    submit = "Store" if changes else None
    return window(TITLE, blocks, Behind(about=about), callback_id=ids.STORE_MODAL, submit=submit)


def render_stored(server: str, enrolled: Enrolled, *, replace: bool, names: CommandNames) -> Message:
    """Say what was stored."""
    ended = f", {len(enrolled.removed):,} ended" if replace else ""
    return elements.short(
        f"The class list is stored on {name(server)}: {len(enrolled.added):,} new, {enrolled.kept:,} there before{ended}. "
        f"Each of them sees and closes their own connections with {code(names.conns)}."
    )
