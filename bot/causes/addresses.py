"""Which server a text is about where no client's own sentence says it: connection strings, command lines, drivers' errors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_VALUE = r"(?:'([^'\n]{1,90})'|\"([^\"\n]{1,90})\"|([^\s;,'\"`&)(\]\[<>]{1,255}))"
_URL = re.compile(
    r"\bpostgres(?:ql)?(?:\+\w{1,20})?://(?:([^\s:@/\"'<>]{1,90})(?::[^\s@/\"'<>]{0,200})?@)?"
    r"(\[[0-9a-f:.%]{2,60}\]|[^\s:/?\"'<>`,]{1,255})?(?::(\d{1,5}))?(?:/([^\s?\"'<>`&,;)]{1,90}))?",
    re.IGNORECASE,
)
_SETTING = re.compile(
    rf"(?<![\w.])(host|hostname|server|port|user ?name|user ?id|user|dbname|database)[ ]?=[ ]?{_VALUE}", re.IGNORECASE
)
_OPTION = re.compile(rf"(?<![\w-])-(h|p|U|d)[ ]?{_VALUE}")
_ADDRESS = r"(\[[0-9a-f:.%]{2,60}\]|[\w.-]{1,255}|[0-9a-f:.]{2,60})"
_PEER = re.compile(
    rf"(?:\bConnection to |\bECONNREFUSED |\bETIMEDOUT |\bdial tcp |\bFailed to connect to |\bserver at [`'\"]?){_ADDRESS}:(\d{{1,5}})\b",
    re.IGNORECASE,
)
_CALL = re.compile(r"Connect call failed \('([^'\s]{1,255})', (\d{1,5})")
_LOOKED_UP = re.compile(
    r"(?:\bgetaddrinfo (?:ENOTFOUND|EAI_AGAIN) |\blookup |\bUnknownHostException: |\bfailed to resolve host ')([\w.-]{1,255})",
    re.IGNORECASE,
)
_SLOTS = {
    "host": "host", "hostname": "host", "server": "host", "port": "port", "user": "role", "username": "role",
    "userid": "role", "dbname": "database", "database": "database", "h": "host", "p": "port", "U": "role", "d": "database",
}  # fmt: skip
_SOCKET = re.compile(r"(.*)/\.s\.PGSQL\.(\d{1,5})$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """Whatever a text tells of a server and who wanted to connect; never a password."""

    host: str | None = None
    port: int | None = None
    role: str | None = None
    database: str | None = None


def port_of(text: str) -> int | None:
    """Read a port; None where it is none."""
    digits = "".join(text.split())
    return (
        int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 5 and 0 < int(digits) < 65536 else None
    )


def of_socket(path: str) -> Address:
    """Read the path of a Unix socket: its directory is what a client is given as host."""
    joined = "".join(path.split())
    found = _SOCKET.fullmatch(joined)
    return Address(found[1], int(found[2])) if found else Address(joined)


def mentioned(text: str) -> Address:
    """Return what connection strings, command lines and drivers' errors in `text` tell, the last of each counting."""
    told: dict[str, str] = {}
    # A setting or option can be anybody's; what names the server for certain comes later and counts.
    for find in (_options, _settings, _looked_up, _peers, _urls):
        told.update(find(text))
    return Address(told.get("host"), port_of(told.get("port", "")), told.get("role"), told.get("database"))


def _options(text: str) -> Iterator[tuple[str, str]]:
    if "psql" in text or "pg_" in text or "createdb" in text:
        yield from _named(_OPTION, text)


def _settings(text: str) -> Iterator[tuple[str, str]]:
    yield from _named(_SETTING, text)


def _named(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str]]:
    for found in pattern.finditer(text):
        key = found[1] if len(found[1]) == 1 else found[1].lower().replace(" ", "")
        value = found[2] or found[3] or found[4]
        if value.lower() != key and "{" not in value and "$" not in value and not value.startswith(("os.", "process.")):
            yield _SLOTS[key], value


def _looked_up(text: str) -> Iterator[tuple[str, str]]:
    for found in _LOOKED_UP.finditer(text):
        yield "host", found[1]


def _peers(text: str) -> Iterator[tuple[str, str]]:
    for pattern in (_PEER, _CALL):
        for found in pattern.finditer(text):
            yield from (("host", found[1].strip("[]")), ("port", found[2]))


def _urls(text: str) -> Iterator[tuple[str, str]]:
    for found in _URL.finditer(text):
        for slot, value in zip(("role", "host", "port", "database"), found.groups(), strict=True):
            if value and "{" not in value and "$" not in value:
                yield slot, value.strip("[]") if slot == "host" else value
