"""A class list as registrars and spreadsheets write it: a table whose columns are found by their names, or named by a person.

Every column that is not chosen is ignored and goes nowhere.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.errors import SetupError

EMAIL_NAMES = ("email", "e-mail", "mail", "email address", "e-mail address")
ROLE_NAMES = ("role", "username", "user name", "login", "db role", "database role", "db user", "database user")
LOCAL_PART = "email_local"
"""In a template: what stands before the @ of the e-mail."""
_DELIMITERS = ",;\t|"
_HEADER_WITHIN = 10
"""Lines that are looked at for the one with the columns' names: registrars write a title first."""
_FIELD = re.compile(r"\{([^{}]*)\}")
MOST_LINES = 50_000
_COLUMNS_TOLD, _NAME_TOLD = 20, 40
_OTHER_FILES = {
    b"PK\x03\x04": "an Excel workbook or an archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
}
"""Files that are handed in by mistake, whatever their name says, by how they begin."""

Records = tuple[tuple[int, tuple[str, ...] | None], ...]


@dataclass(frozen=True)
class Table:
    """The file: the names of its columns, and its records by number of line; None for one whose quotes are wrong."""

    columns: tuple[str, ...]
    records: Records

    def find(self, name: str) -> int | None:
        """The place of a column, whatever its case, blanks and underscores."""
        return self._places.get(_plain(name))

    @cached_property
    def _places(self) -> dict[str, int]:
        """The first of several columns of one name counts."""
        return {_plain(column): place for place, column in reversed([*enumerate(self.columns)])}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which columns mean what; `role` is a template such as `{username}` or `s_{email_local}`.

    With `status`, a column, only the lines that have one of `statuses` there are meant, whatever its case.
    """

    email: str
    role: str
    status: str = ""
    statuses: frozenset[str] = frozenset()


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
    """What stands in the file; `repeated` are lines that say again what an earlier line said, `left_out` those of another status."""

    lines: tuple[Line, ...]
    repeated: tuple[Line, ...]
    malformed: tuple[Malformed, ...]
    left_out: int = 0

    @property
    def emails(self) -> frozenset[str]:
        """The addresses to look up in Slack."""
        return frozenset(line.email for line in self.lines)

    @property
    def role_names(self) -> frozenset[str]:
        """The names to look up on the server: as they stand, and folded as PostgreSQL folds a name without quotes."""
        return frozenset(name for line in self.lines for name in (line.role, line.role.lower()))


def read_table(data: bytes, email: str | None = None) -> Table:
    """Read a CSV file: UTF-8 or UTF-16, commas, semicolons, tabs or bars, a title above the names of the columns or none.

    `email` is the column of the e-mails where it has no usual name. Raises `SetupError` naming the mend.
    """
    rows = list(io.StringIO(_decode(data), newline=""))
    if len(rows) > MOST_LINES:
        raise SetupError((f"The roster has more than {MOST_LINES:,} lines: leave out who is not in this course.",))
    filled = [number for number, row in enumerate(rows) if row.strip(_DELIMITERS + " \r\n")]
    if not filled:
        raise SetupError(("The roster is empty: it needs a header line with an e-mail and a role column.",))
    wanted = EMAIL_NAMES if email is None else (_plain(email),)
    for start in filled[:_HEADER_WITHIN]:
        for delimiter in _DELIMITERS:
            columns, after = _header(rows, start, delimiter)
            if not {_plain(column) for column in columns}.isdisjoint(wanted):
                return Table(columns, tuple(_records(rows, after, delimiter)))
    if email is not None:
        raise SetupError((f"The roster has no column {_told(email)}: name one of those in its header line.",))
    mend = f"name one column {EMAIL_NAMES[0]} and one {ROLE_NAMES[0]}, or say which they are."
    raise SetupError((f"The roster's first line names no e-mail and role columns: {mend}",))


def choose(table: Table, *, email: str | None = None, role: str | None = None) -> Choice:
    """Say which columns are meant, where nobody says so by their usual names. Raises `SetupError` naming the mend."""
    by_name = next((name for name in EMAIL_NAMES if table.find(name) is not None), None)
    template = role or next((f"{{{name}}}" for name in ROLE_NAMES if table.find(name) is not None), None)
    if template is None or (email or by_name) is None:
        mend = f"name one {ROLE_NAMES[0]}, or make the role of others, such as {{{LOCAL_PART}}}"
        raise SetupError((f"The roster names no role column (it has {_columns(table)}): {mend}.",))
    if not _FIELD.search(template):
        fault = f"By {_told(template)} everybody would get one role: put the name of a column in braces, such as {{{LOCAL_PART}}}"
        raise SetupError((f"{fault}.",))
    return Choice(email or by_name or "", template)


def extract(table: Table, choice: Choice) -> Roster:
    """Take e-mails and roles out of the table; raises `SetupError` for columns that it does not have."""
    unknown = [name for name in _names(choice) if table.find(name) is None]
    if unknown:
        raise SetupError((f"The roster has no column {_told(unknown[0])}: it has {_columns(table)}.",))
    statuses = {status.strip().casefold() for status in choice.statuses}
    seen: dict[tuple[str, str], Line] = {}
    repeated: list[Line] = []
    malformed: list[Malformed] = []
    left_out = 0
    for number, cells in table.records:
        if cells is not None and choice.status and _cell(table, cells, choice.status).casefold() not in statuses:
            left_out += any(cells)
            continue
        read = _read(number, cells, table, choice)
        if isinstance(read, Malformed):
            malformed.append(read)
        elif read is not None and seen.setdefault((read.email, read.role), read) is not read:
            repeated.append(read)
    return Roster(tuple(seen.values()), tuple(repeated), tuple(malformed), left_out)


def parse(data: bytes) -> Roster:
    """Read a list whose columns have usual names; raises `SetupError` naming the mend when it is none."""
    table = read_table(data)
    return extract(table, choose(table))


def _names(choice: Choice) -> list[str]:
    """Every column that a choice names."""
    fields = [name for name in _FIELD.findall(choice.role) if _plain(name) != _plain(LOCAL_PART)]
    return [choice.email, *fields, *([choice.status] if choice.status else [])]


def _decode(data: bytes) -> str:
    """Read what spreadsheets write: UTF-8 or UTF-16 with their marks, else UTF-16 or UTF-8, else Western Windows.

    Raises `SetupError` for what is no text.
    """
    other = next((what for begins, what in _OTHER_FILES.items() if data.startswith(begins)), "")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif b"\0" in data[:2] and len(data) % 2 == 0:
        text = data.decode("utf-16-be" if data[0] == 0 else "utf-16-le", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    if other or "\0" in text:
        mend = "save the list as CSV, with an e-mail and a role column, and choose that file."
        raise SetupError((f"The file is {other or 'no text'}: {mend}",))
    return text


def _columns(table: Table) -> str:
    named = [_told(column) for column in table.columns if column]
    return ", ".join([*named[:_COLUMNS_TOLD], *(["\u2026"] if len(named) > _COLUMNS_TOLD else [])])


def _told(name: str) -> str:
    return name if len(name) <= _NAME_TOLD else f"{name[:_NAME_TOLD]}\u2026"


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


def _header(rows: Sequence[str], start: int, delimiter: str) -> tuple[tuple[str, ...], int]:
    """Read a line of columns' names, which may break within quotes; and where the next one begins."""
    reader = csv.reader(_from(rows, start), delimiter=delimiter, skipinitialspace=True)
    try:
        columns = next(reader, [])
    except csv.Error:
        return (), start + 1
    return tuple(map(str.strip, columns)), start + reader.line_num


def _from(rows: Sequence[str], start: int) -> Iterator[str]:
    return map(rows.__getitem__, range(start, len(rows)))


def _records(rows: Sequence[str], start: int, delimiter: str) -> Iterator[tuple[int, tuple[str, ...] | None]]:
    """Read records with the number of their first line; None for one whose quotes are wrong, and go on after that line."""
    at = start
    while at < len(rows):
        reader = csv.reader(_from(rows, at), delimiter=delimiter, strict=True, skipinitialspace=True)
        before = 0
        try:
            for cells in reader:
                yield at + before + 1, tuple(cell.strip() for cell in cells)
                before = reader.line_num
        except csv.Error:
            yield at + before + 1, None
            at += before + 1
        else:
            return


def _read(number: int, cells: tuple[str, ...] | None, table: Table, choice: Choice) -> Line | Malformed | None:
    if cells is None:
        return Malformed(number, "quotes")
    if not any(cells):
        return None
    address = _cell(table, cells, choice.email).lower()
    if not address:
        return Malformed(number, "no_email")
    if address.count("@") != 1 or address.startswith("@") or address.endswith("@") or len(address.split()) > 1:
        return Malformed(number, "not_an_email")
    role = _role(table, cells, address, choice.role)
    return Line(number, address, role) if role else Malformed(number, "no_role")


def _role(table: Table, cells: tuple[str, ...], address: str, template: str) -> str:
    """Fill the template; '' where one of its fields is empty, so that nobody gets the role of a prefix alone."""
    filled = {
        name: address.partition("@")[0] if _plain(name) == _plain(LOCAL_PART) else _cell(table, cells, name)
        for name in _FIELD.findall(template)
    }
    return _FIELD.sub(lambda found: filled[found[1]], template).strip() if all(filled.values()) else ""


def _cell(table: Table, cells: tuple[str, ...], column: str) -> str:
    place = table.find(column)
    return cells[place] if place is not None and place < len(cells) else ""
