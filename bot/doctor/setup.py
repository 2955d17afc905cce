"""Judges the environment and connbot.toml."""

import difflib
from collections.abc import Collection, Sequence

from bot.doctor.finding import Finding, Section, fault, fine, note, warning
from bot.settings import SECRETS, Course, Environment
from bot.slack.blocks.text import join, plain, plural, visible

VARIABLES = ("SLACK_API_URL", "CONNBOT_CONFIG", "CONNBOT_HTTP", *SECRETS)
_KNOWN = (*VARIABLES, *(f"{name}_FILE" for name in SECRETS))
_OURS = ("SLACK_", "CONNBOT_")


def judge(
    environment: Environment,
    course: Course | None,
    *,
    faults: Sequence[str],
    set_variables: Collection[str],
) -> Section:
    """Say what is wrong with the settings; `faults` are whole sentences, `course` is None where the file has one of them."""
    findings: list[Finding] = [fault(sentence, "") for sentence in faults]
    if course is not None:
        findings += _course(environment, course)
    if environment.app_token or environment.signing_secret:
        way = "Socket Mode" if environment.app_token else "HTTP"
        findings.append(fine(f"Slack reaches the bot by {way}."))
    findings += (_unknown(name) for name in sorted(set_variables) if name.startswith(_OURS) and name not in _KNOWN)
    return Section("Settings", tuple(findings))


def _course(environment: Environment, course: Course) -> list[Finding]:
    names = [server.name for server in course.servers]
    file = visible(str(environment.config))
    findings = [fine(f"{file} names {plural(len(names), 'server')} ({join(names)}), time zone {course.timezone.key}.")]
    if course.default is None and len(names) > 1:
        findings.append(
            note(
                f"Where a command names no server, {names[0]} is meant, the first of the file.",
                "If another should be, say so above the first table of the file:",
                f'default = "{names[1]}"',
            )
        )
    return findings


def _unknown(name: str) -> Finding:
    close = difflib.get_close_matches(name, _KNOWN, n=1)
    meant = f" Is {close[0]} meant?" if close else ""
    return warning(
        f"The variable {plain(name)} is set, and connbot knows none of this name.{meant}",
        "Rename it, or take it out of the environment:",
        f"unset {name}",
    )
