"""Which program a connection belongs to, as far as its `application_name` tells."""

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Client:
    """A client program; `name` is text from the client and may hold anything, '' where it gave none."""

    name: str
    keeps_extra: bool = False
    """It is known to hold more connections than its person opens (one a tab, one for its tree of objects)."""


# What each program writes: pgAdmin "pgAdmin 4 - DB:x" and "pgAdmin 4 - CONN:123", DBeaver "DBeaver 24.1 - Main <x>",
# JetBrains' programs their name and version, the others their bare name, some with a tab's title after it.
_KNOWN = tuple(
    (re.compile(pattern, re.IGNORECASE), Client(name, keeps_extra=True))
    for pattern, name in (
        (r"pgadmin\b", "pgAdmin"),
        (r"dbeaver\b", "DBeaver"),
        (r"(jetbrains )?datagrip\b", "DataGrip"),
        (r"(jetbrains )?intellij\b", "IntelliJ IDEA"),
        (r"(jetbrains )?pycharm\b", "PyCharm"),
        (r"(vscode|visual studio code|vs code)\b", "VS Code"),
        (r"(azdata|azure ?data ?studio)\b", "Azure Data Studio"),
        (r"dbgate\b", "DbGate"),
        (r"beekeeper\b", "Beekeeper Studio"),
        (r"tableplus\b", "TablePlus"),
        (r"sqlpro\b", "SQLPro"),
        (r"navicat\b", "Navicat"),
    )
)
# A pooler that adds its client's address, and a version of at least two parts: neither makes another program.
_TAIL = re.compile(r"( - \S+:\d+|[ /_-]v?\d+(\.\d+)+)$")


@lru_cache(maxsize=4096)
def client_of(application_name: str) -> Client:
    """Name the program behind `application_name`, the same for all its tabs and versions."""
    given = application_name.strip()
    known = next((client for pattern, client in _KNOWN if pattern.match(given)), None)
    return known or Client(_TAIL.sub("", given))
