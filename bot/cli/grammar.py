"""What can be typed after `connbot`: light to import, so that `--help` and wrong usage are answered at once."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from bot.access.member import Grade
from bot.causes.finding import LIMITS
from bot.summaries.week import Week, read_week

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no other name


def grammar() -> argparse.ArgumentParser:
    """Build the grammar; each command's `run` names `module.function` of this package."""
    top = argparse.ArgumentParser(
        prog="connbot", description="A Slack bot that frees the PostgreSQL connection slots of a database course."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_running(commands)
    _add_doctor(commands)
    _add_members(commands)
    _add_owners(commands)
    _add_roster(commands)
    _add_record(commands)
    _add_diagnose(commands)
    return top


def _add_running(commands: Commands) -> None:
    serve = commands.add_parser("serve", help="run the bot until it is told to stop")
    serve.set_defaults(run="running.serve")
    migrate = commands.add_parser("migrate", help="bring the bot's own database to this version's schema")
    migrate.set_defaults(run="running.migrate")
    demo = commands.add_parser("demo", help="the whole story on this machine, without Slack and without a server")
    demo.add_argument("--once", action="store_true", help="play the story by itself, print it, and exit")
    demo.add_argument("--port", type=_port, default=8765, metavar="N", help="the page's port (default: %(default)s)")
    demo.set_defaults(run="running.demo")


class _Runs(argparse.Action):
    """An option that makes another function run, named by `const`; `nargs` 0 where it takes nothing."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        namespace.run = self.const
        setattr(namespace, self.dest, values or True)


def _add_doctor(commands: Commands) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="what is wrong with the set-up, and how to mend it",
        description="Checks the whole set-up and names the mend of each fault. Exit status 1 when something is wrong.",
    )
    doctor.set_defaults(run="doctor.examine")
    instead = doctor.add_mutually_exclusive_group()
    instead.add_argument(
        "--sql",
        action=_Runs,
        const="doctor_sql.script",
        metavar="SERVER",
        help="print the SQL that gives the bot its rights on this server, for whoever runs it",
    )
    instead.add_argument(
        "--letter",
        action=_Runs,
        const="doctor.letter",
        nargs=0,
        help="print a page for whoever runs the servers: what the bot may do and why",
    )
    doctor.add_argument("--remove", action="store_true", help="with --sql: print the SQL that takes everything back")


def _add_members(commands: Commands) -> None:
    allow = commands.add_parser("allow", help="put a person on the allow-list")
    allow.add_argument("slack_id", type=_slack_id, metavar="SLACK_ID")
    allow.add_argument("--grade", required=True, choices=[grade.word for grade in Grade])
    allow.add_argument("--server", help="only on this server (default: on every one)")
    allow.add_argument(
        "--roles",
        default="",
        help="globs over role names and @groups, such as 'sec1_*,@team_a' (default: all students)",
    )
    allow.add_argument("--until", help="when the right ends, such as 2026-12-20 or 2026-12-20T18:00 (default: never)")
    allow.set_defaults(run="membership.allow")
    disallow = commands.add_parser("disallow", help="take a person off the allow-list")
    disallow.add_argument("slack_id", type=_slack_id, metavar="SLACK_ID")
    disallow.set_defaults(run="membership.disallow")
    members = commands.add_parser("members", help="who is on the allow-list")
    members.set_defaults(run="membership.members")


def _add_owners(commands: Commands) -> None:
    own = commands.add_parser("own", help="make a person the owner of a role")
    own.add_argument("slack_id", type=_slack_id, metavar="SLACK_ID")
    own.add_argument("role", metavar="ROLE")
    own.add_argument("--server", help="the role's server (default: the configured one)")
    own.set_defaults(run="membership.own")
    disown = commands.add_parser("disown", help="end a person's ownership of a role, or of all")
    disown.add_argument("slack_id", type=_slack_id, metavar="SLACK_ID")
    disown.add_argument("role", metavar="ROLE", nargs="?")
    disown.add_argument("--server", help="only on this server")
    disown.set_defaults(run="membership.disown")


def _add_roster(commands: Commands) -> None:
    roster = commands.add_parser("roster", help="make students the owners of their roles, by the class list")
    parts = roster.add_subparsers(title="commands", metavar="COMMAND", required=True)
    importing = parts.add_parser(
        "import",
        help="read a CSV file with an e-mail and a role column; columns that are not named are ignored",
        description="Shows what would be stored; asks first where it can, and stores at once where nobody is there to ask.",
    )
    importing.add_argument("file", type=Path, metavar="FILE.csv")
    importing.add_argument("--server", help="the roles' server (default: the configured one)")
    importing.add_argument(
        "--replace", action="store_true", help="also end the roster's links that are no longer in the file"
    )
    importing.add_argument("--email", metavar="COLUMN", help="the column of the e-mails, where it has no usual name")
    importing.add_argument(
        "--role",
        metavar="TEMPLATE",
        help="how a line's role is made, of columns and of what stands before the @: '{login}', 's_{email_local}'",
    )
    importing.add_argument(
        "--status",
        type=_status,
        metavar="COLUMN=VALUE[,VALUE]",
        help="only lines that have one of these values there, such as Status=enrolled",
    )
    importing.add_argument("--dry-run", action="store_true", help="only show what would be stored")
    importing.set_defaults(run="roster.import_file")


def _status(typed: str) -> tuple[str, frozenset[str]]:
    column, equals, values = typed.partition("=")
    statuses = frozenset(value.strip() for value in values.split(",") if value.strip())
    if not column.strip() or not equals or not statuses:
        message = f"{typed!r} is not COLUMN=VALUE[,VALUE]"
        raise argparse.ArgumentTypeError(message)
    return column.strip(), statuses


def _add_record(commands: Commands) -> None:
    history = commands.add_parser("history", help="what was asked, refused, ended and changed, newest first")
    history.add_argument("role", metavar="ROLE", nargs="?", help="only of this role (default: everything)")
    history.add_argument("--format", choices=("text", "json", "csv"), default="text")
    history.add_argument("--person", type=_slack_id, metavar="SLACK_ID", help="only what this person did or asked for")
    history.add_argument(
        "--cause", choices=sorted(str(cause) for cause in LIMITS), metavar="CAUSE", help="only incidents of this cause"
    )
    history.add_argument("--week", type=_week, metavar="WEEK", help="only this week, such as 2026-W47")
    history.add_argument(
        "--limit", type=_count, default=100, metavar="N", help="entries at most (default: %(default)s)"
    )
    history.set_defaults(run="history.show")
    summary = commands.add_parser("summary", help="a week's figures: incidents, limits, what idles, what would help")
    summary.add_argument("--week", type=_week, metavar="WEEK", help="such as 2026-W47 (default: the last whole one)")
    summary.add_argument("--format", choices=("text", "json", "png", "csv"), default="text")
    summary.add_argument("--server", help="of this server (default: the configured one)")
    summary.set_defaults(run="summary.show")
    audit = commands.add_parser("audit", help="whether the record is whole").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    verify = audit.add_parser("verify", help="check every entry of the record against its chain")
    verify.add_argument("--head", metavar="H", help="a head noted earlier: the record must still contain it")
    verify.set_defaults(run="history.verify")
    forget = commands.add_parser(
        "forget",
        help="remove a person from the bot's own database; the record stays provable",
        description="Asks first where it can, and does it at once where nobody is there to ask.",
    )
    forget.add_argument("slack_id", type=_slack_id, metavar="SLACK_ID")
    forget.set_defaults(run="forgetting.forget")


def _add_diagnose(commands: Commands) -> None:
    diagnose = commands.add_parser("diagnose", help="what an error about a connection means and what to do")
    diagnose.add_argument("--json", action="store_true", help="only what was recognised, as JSON")
    diagnose.add_argument("text", metavar="TEXT", nargs="*", help="the error (default: standard input)")
    diagnose.set_defaults(run="diagnosis.diagnose")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 (any free one) to 65535")
    return int(text)


def _slack_id(text: str) -> str:
    """Read a Slack member id, as it stands in a profile or a mention."""
    found = re.fullmatch(r"<@([UW][A-Z0-9]{2,})(?:\|[^>]*)?>|([UW][A-Z0-9]{2,})", text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no Slack member id: copy it from the profile (U…)")
    return found[1] or found[2]


def _week(text: str) -> Week:
    found = read_week(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no week: write one such as 2026-W47")
    return found


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of entries: from 1 to 1000000")
    return int(text)
