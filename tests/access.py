"""People and roles for the tests of rights and of what is stored of them."""

from datetime import UTC, datetime

from bot.access.member import Actor
from bot.servers.server import Role

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT_COMMAND_LINE = Actor("T1", "cli:ada")


def a_role(
    name: str = "alice",
    oid: int = 16400,
    *,
    student: bool = True,
    service: bool = False,
    superuser: bool = False,
    groups: frozenset[str] = frozenset({"students"}),
) -> Role:
    """A role, a student's unless said otherwise."""
    return Role(
        name=name,
        oid=oid,
        can_login=True,
        superuser=superuser,
        replication=False,
        groups=groups,
        student=student,
        service=service,
    )
