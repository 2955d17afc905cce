"""Judges the admin console of a server's PgBouncer."""

from collections.abc import Iterable

from bot.doctor import refused
from bot.doctor.finding import Finding, fault, fine, note, warning
from bot.servers.examined import ConsoleSeen
from bot.slack.blocks.text import plain, plural, visible

ENDS_CLIENTS = (1, 24)
"""The first version that ends a single client."""


def judge(server: str, seen: ConsoleSeen) -> Iterable[Finding]:
    """Say whether the clients behind the pooler of a server can be seen and ended."""
    named_in = f"the pgbouncer of servers.{server}"
    if seen.fault:
        yield fault(seen.fault, "")
    elif seen.failure is not None and _not_let_in(seen.failure.detail):
        user = seen.target.user or "connbot_admin"
        yield fault(
            f"Its PgBouncer lets {plain(user)} not use the admin console ({visible(seen.failure.detail)}).",
            "Whoever runs the pooler adds the user to its auth_file and to pgbouncer.ini, below [pgbouncer], and types RELOAD at its console:",
            f"admin_users = {user}",
        )
    elif seen.failure is not None:
        words = seen.failure.detail or f"no answer within a few seconds ({seen.failure.why})"
        yield refused.judge(words, seen.target, "The admin console of its PgBouncer", named_in=named_in)
    else:
        yield from _answering(seen)


def _not_let_in(words: str) -> bool:
    return any(
        word in words for word in ("admin access needed", "not allowed", "no such user", '"trust" authentication')
    )


def _answering(seen: ConsoleSeen) -> Iterable[Finding]:
    number = tuple(int(part) for part in seen.version.split(".")[:2]) if seen.version else ()
    if number and number < ENDS_CLIENTS:
        yield note(
            f"The admin console of its PgBouncer {seen.version} answers: the clients behind it are shown, and none can be ended from here.",
            "PgBouncer ends single clients from 1.24 on.",
        )
    else:
        yield fine(
            f"The admin console of its PgBouncer {seen.version} answers: the clients behind it are shown and can be ended."
        )
    if seen.elsewhere:
        yield warning(
            f"{plural(seen.elsewhere, 'database')} of the pooler lead elsewhere than to this server, as far as the dsn tells; their clients are left out.",
            "If they do lead here, name all hosts by which the pooler knows the server in connbot.toml:",
            'hosts = ["db.example.edu", "10.0.0.5"]',
        )
