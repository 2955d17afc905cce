"""Decides which programs may be named in a summary: those that are no single person's."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bot.servers.clients import client_of
from bot.servers.samples import OTHERS
from bot.summaries.facts import Program

ONE_EACH = "(one role each)"
"""In place of the names of programs that one role alone uses: people name their own after themselves."""
OF_ONE_ROLE = "(a role's own)"
"""In place of the name of a database that is called as a role is."""
_WELL_KNOWN = frozenset(
    {
        "", OTHERS, "psql", "pg_dump", "pg_restore", "pgbench", "libpq", "PostgreSQL JDBC Driver", "Npgsql", "psycopg",
        "psycopg2", "asyncpg", "node", "python", "java", "R", "RStudio", "jupyter", "Jupyter", "Django", "Rails", "Excel",
        "Tableau", "Metabase", "Postico", "connbot",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """The programs of a week that may be named."""

    names: frozenset[tuple[str, bool]]

    def named(self, one: Program) -> Program:
        """The same under the name that may be shown."""
        return one if (one.program, one.service) in self.names else one._replace(program=ONE_EACH)


def known(programs: Iterable[Program], role_names: Collection[str] = ()) -> Known:
    """Decide for each: well known, a service's, or used by several roles at the same time from one network.

    One that is called as a role is, in whichever letters, is a person's; `role_names` are without capitals.
    """
    roles: dict[tuple[str, bool], int] = defaultdict(int)
    for one in programs:
        key = one.program, one.service
        roles[key] = max(roles[key], one.roles)
    shared = {key for key, most in roles.items() if most > 1 and key[0].casefold() not in role_names}
    return Known(frozenset(key for key in roles if key in shared or _is_known(*key)))


def _is_known(program: str, service: bool) -> bool:  # noqa: FBT001 - a pair, as it is kept
    return service or program in _WELL_KNOWN or client_of(program).keeps_extra
