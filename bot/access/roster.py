"""A class list as registrars write it: read, matched against Slack and the server, shown before anything is stored.

E-mail and role columns are found by their names; every other column is ignored and goes nowhere.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.access.member import Owner
from bot.errors import SetupError

EMAIL_NAMES = ("email", "e-mail", "mail", "email address", "e-mail address")
ROLE_NAMES = ("role", "username", "user name", "login", "db role", "database role", "db user", "database user")
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list; `number` as an editor counts, `email` in lower case."""

    number: int
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that could not be read; `why` is one of quotes, no_email, no_role, not_an_email."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Roster:
    """What stands in the file; `repeated` are lines that say again what an earlier line said."""

    lines: tuple[Line, ...]
    repeated: tuple[Line, ...]
    malformed: tuple[Malformed, ...]

    @property
    def emails(self) -> frozenset[str]:
        """The addresses to look up in Slack."""
        return frozenset(line.email for line in self.lines)

    @property
    def role_names(self) -> frozenset[str]:
        """The names to look up on the server: as they stand, and folded as PostgreSQL folds a name without quotes."""
        return frozenset(name for line in self.lines for name in (line.role, line.role.lower()))


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


def parse(data: bytes) -> Roster:
    """Read a CSV file with a header line; raises `SetupError` naming the mend when it is no such file."""
    text = _decode(data)
    rows = list(io.StringIO(text, newline=""))
    start = next((number for number, row in enumerate(rows) if row.strip(_DELIMITERS + " \r\n")), None)
    if start is None:
        raise SetupError(("The roster is empty: it needs a header line with an e-mail and a role column.",))
    delimiter, email, role = _columns(rows[start])
    seen: dict[tuple[str, str], Line] = {}
    repeated: list[Line] = []
    malformed: list[Malformed] = []
    for number, cells in _records(rows, start + 1, delimiter):
        read = _read(number, cells, email, role)
        if isinstance(read, Malformed):
            malformed.append(read)
        elif read is not None and seen.setdefault((read.email, read.role), read) is not read:
            repeated.append(read)
    return Roster(tuple(seen.values()), tuple(repeated), tuple(malformed))


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
    return Preview(tuple(matched.values()), tuple(not_in_slack), tuple(no_such_role), tuple(repeated), roster.malformed)


def _decode(data: bytes) -> str:
    """Read what spreadsheets write: UTF-8 or UTF-16 with their marks, else UTF-8, else Western Windows."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _columns(header: str) -> tuple[str, int, int]:
    """Find the delimiter and the two columns."""
    for delimiter in _DELIMITERS:
        names = [_plain(cell) for cell in next(csv.reader([header], delimiter=delimiter), [])]
        email = next((names.index(name) for name in EMAIL_NAMES if name in names), None)
        role = next((names.index(name) for name in ROLE_NAMES if name in names), None)
        if email is not None and role is not None:
            return delimiter, email, role
    mend = f"name one column {EMAIL_NAMES[0]} and one {ROLE_NAMES[0]}."
    raise SetupError((f"The roster's first line names no e-mail and role columns: {mend}",))


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


def _records(rows: Sequence[str], start: int, delimiter: str) -> Iterable[tuple[int, list[str] | None]]:
    """Read records with the number of their first line; None for one whose quotes are wrong, and go on after that line."""
    at = start
    while at < len(rows):
        reader = csv.reader(rows[at:], delimiter=delimiter, strict=True, skipinitialspace=True)
        before = 0
        try:
            for cells in reader:
                yield at + before + 1, cells
                before = reader.line_num
        except csv.Error:
            yield at + before + 1, None
            at += before + 1
        else:
            return


def _read(number: int, cells: list[str] | None, email: int, role: int) -> Line | Malformed | None:
    if cells is None:
        return Malformed(number, "quotes")
    if not any(cell.strip() for cell in cells):
        return None
    address = cells[email].strip().lower() if email < len(cells) else ""
    name = cells[role].strip() if role < len(cells) else ""
    if not address:
        return Malformed(number, "no_email")
    if address.count("@") != 1 or address.startswith("@") or address.endswith("@") or len(address.split()) > 1:
        return Malformed(number, "not_an_email")
    return Line(number, address, name) if name else Malformed(number, "no_role")


def _several(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    together = list(dict.fromkeys(pairs))
    counts = Counter(one for one, _ in together)
    return {
        one: tuple(other for first, other in together if first == one) for one, count in counts.items() if count > 1
    }
