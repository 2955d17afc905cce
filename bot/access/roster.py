"""A class list matched against Slack and the server, shown before anything of it is stored."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.access.class_list import Line, Malformed, Roster
from bot.access.member import Owner


@dataclass(frozen=True, slots=True)
class Match:
    """A line whose person and role both exist; `role` is the server's name for it."""

    number: int
    email: str
    slack_id: str
    role: str
    role_oid: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What storing the roster would do, for a person to confirm."""

    matched: tuple[Match, ...]
    not_in_slack: tuple[Line, ...]
    no_such_role: tuple[Line, ...]
    repeated: tuple[Line, ...]
    malformed: tuple[Malformed, ...]
    left_out: int = 0
    """Lines of another status than those that were asked for."""

    @property
    def several_roles(self) -> dict[str, tuple[str, ...]]:
        """The roles of each person (by e-mail) that the list gives more than one; allowed, but worth a look."""
        return _several((match.email, match.role) for match in self.matched)

    @property
    def several_owners(self) -> dict[str, tuple[str, ...]]:
        """The people (by e-mail) of each role that the list gives more than one owner; allowed, as for teams."""
        return _several((match.role, match.email) for match in self.matched)

    def departures(self, links: Iterable[Owner]) -> tuple[Owner, ...]:
        """Those of the roster's stored `links` that `--replace` would remove, since this list has them no more."""
        stay = {(match.slack_id, match.role_oid) for match in self.matched}
        return tuple(link for link in links if (link.slack_id, link.role_oid) not in stay)


@dataclass(frozen=True, slots=True)
class Found:
    """What a class list comes to on one server."""

    server: str
    preview: Preview
    not_students: frozenset[str]
    """Names in the list of roles that are there and no student's."""
    leaving: tuple[Owner, ...]
    """The roster's links that the list does not have any more."""
    there: frozenset[tuple[str, int]] = frozenset()
    """Who owns which role on the server already, by Slack id and oid."""

    @property
    def new(self) -> tuple[Match, ...]:
        """The matches that make somebody an owner who is none yet."""
        return tuple(one for one in self.preview.matched if (one.slack_id, one.role_oid) not in self.there)

    @property
    def kept(self) -> tuple[Match, ...]:
        """The matches that change nothing: those people own these roles, whatever made them."""
        return tuple(one for one in self.preview.matched if (one.slack_id, one.role_oid) in self.there)

    def fingerprint(self, *, replace: bool) -> str:
        """The same for the same changes: whose links would be made, and with `replace` ended."""
        made = sorted((one.slack_id, one.role_oid) for one in self.new)
        ended = sorted((link.slack_id, link.role_oid) for link in self.leaving) if replace else []
        return hashlib.sha256(repr((self.server, made, ended)).encode()).hexdigest()[:32]

    def changes(self, *, replace: bool) -> bool:
        """Whether there is anything to store; with `replace`, or to end."""
        return bool(self.preview.matched) or (replace and bool(self.leaving))


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What storing a roster changed; `kept` links were there before."""

    added: tuple[Owner, ...]
    removed: tuple[Owner, ...]
    kept: int


def preview(roster: Roster, people: Mapping[str, str], roles: Mapping[str, int]) -> Preview:
    """Match a roster: `people` from e-mail in lower case to Slack id, `roles` from name to oid; what is missing is not there."""
    matched: dict[tuple[str, int], Match] = {}
    not_in_slack: list[Line] = []
    no_such_role: list[Line] = []
    repeated = list(roster.repeated)
    for line in roster.lines:
        slack_id = people.get(line.email)
        name = line.role if line.role in roles else line.role.lower()
        oid = roles.get(name)
        if slack_id is None:
            not_in_slack.append(line)
        if oid is None:
            no_such_role.append(line)
        if slack_id is None or oid is None:
            continue
        match = Match(line.number, line.email, slack_id, name, oid)
        # Two spellings of one role, or two addresses of one person.
        if matched.setdefault((slack_id, oid), match) is not match:
            repeated.append(line)
    repeated.sort(key=lambda line: line.number)
    missing = (tuple(not_in_slack), tuple(no_such_role), tuple(repeated))
    return Preview(tuple(matched.values()), *missing, roster.malformed, roster.left_out)


def _several(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    together = list(dict.fromkeys(pairs))
    counts = Counter(one for one, _ in together)
    return {
        one: tuple(other for first, other in together if first == one) for one, count in counts.items() if count > 1
    }
