"""Judges what Slack says: tokens, scopes, channels."""

import re
from collections.abc import Sequence

from bot.doctor.finding import Finding, Section, fault, fine, note, warning
from bot.settings import Course, Environment
from bot.slack.blocks.text import join, plural, visible
from bot.slack.commands import CommandNames
from bot.slack.examined import AppTokenSeen, ChannelSeen, SlackSeen
from bot.slack.scopes import APP_SCOPE, EVENTS, SCOPES

APP_PAGE = "https://api.slack.com/apps"
_HERE = f"{APP_PAGE} → your app →"
_SIGNING_SECRET = re.compile("[0-9a-f]{32}")


def judge(environment: Environment, names: CommandNames, seen: SlackSeen) -> Section:
    """Say what is wrong between the bot and Slack, its channels apart."""
    findings = [*_bot(environment, seen)]
    if seen.team:
        findings += [*_scopes(seen.scopes)]
    if environment.app_token:
        findings += [_app_token(seen.app_token, environment.app_token, seen.app_id)]
    elif environment.signing_secret:
        findings += [*_over_http(environment)]
    if seen.team:
        findings += [_commands(names), _events()]
    return Section("Slack", tuple(findings))


def _bot(environment: Environment, seen: SlackSeen) -> Sequence[Finding]:
    if seen.team:
        where = visible(seen.team_name) or seen.team
        return [fine(f"The bot's token is good: workspace {where} ({seen.team}).")]
    if seen.bot_fault:
        return [
            fault(
                seen.bot_fault,
                f"{_HERE} OAuth & Permissions → Bot User OAuth Token; where there is none, Install App first. Set it where connbot "
                "starts, or in a file that SLACK_BOT_TOKEN_FILE names:",
                "export SLACK_BOT_TOKEN=xoxb-…",
            )
        ]
    if seen.unreachable:
        return [
            fault(
                f"Slack cannot be reached ({visible(seen.unreachable)}), so tokens, scopes and channels were not checked.",
                "See whether this machine gets out to the internet; if it does so by a proxy only, set HTTPS_PROXY for connbot:",
                f"curl -sS -m 10 {environment.api_url}api.test",
            )
        ]
    return [note("Slack was not asked: there is no bot token to ask with.")]


def _scopes(granted: frozenset[str] | None) -> Sequence[Finding]:
    if granted is None:
        return [note("Slack did not say which scopes the app has.")]
    lacking = [scope for scope in SCOPES if scope not in granted]
    more = sorted(granted - {*SCOPES})
    findings = []
    if lacking:
        reasons = "; ".join(f"{scope} for {SCOPES[scope]}" for scope in lacking)
        findings.append(
            fault(
                f"The app lacks {plural(len(lacking), 'scope')}: {reasons}.",
                f"{_HERE} App Manifest: paste connbot's manifest.yml. Or OAuth & Permissions → Bot Token Scopes → Add an OAuth Scope. "
                "Then Install App → Reinstall; the token stays the same. What to add:",
                *lacking,
            )
        )
    else:
        findings.append(fine(f"The app has all {len(SCOPES)} scopes it needs."))
    if more:
        findings.append(note(f"The app has scopes that connbot does not use: {join([visible(one) for one in more])}."))
    return findings


def _app_token(seen: AppTokenSeen | None, token: str, app_id: str) -> Finding:
    if seen is None or seen.untested:
        why = f" ({visible(seen.untested)})" if seen else ""
        return note(f"The app-level token could not be tried{why}.", "Run `connbot doctor` again in a minute.")
    generate = f"{_HERE} Basic Information → App-Level Tokens → Generate Token and Scopes, scope {APP_SCOPE}. Set it:"
    if seen.problem == "missing_scope":
        return fault(f"The app-level token lacks its scope, {APP_SCOPE}.", generate, "export SLACK_APP_TOKEN=xapp-…")
    if seen.problem in ("invalid_auth", "not_authed", "token_revoked", "account_inactive", "not_allowed_token_type"):
        return fault(f"Slack refuses SLACK_APP_TOKEN ({seen.problem}).", generate, "export SLACK_APP_TOKEN=xapp-…")
    if seen.problem:
        return fault(
            f"Slack opens no Socket Mode connection ({visible(seen.problem)}).",
            f"{_HERE} Socket Mode → Enable Socket Mode. If it is on, look whether the app is still installed in the workspace.",
        )
    other = re.match(r"xapp-\d+-(A[A-Z0-9]+)-", token)
    if other and app_id and other[1] != app_id:
        return fault(
            f"The two tokens belong to two apps: SLACK_BOT_TOKEN to {app_id}, SLACK_APP_TOKEN to {other[1]}.",
            f"Take both from one app: {APP_PAGE}/{app_id}.",
        )
    return fine("The app-level token opens Socket Mode.")


def _over_http(environment: Environment) -> Sequence[Finding]:
    http = environment.http
    where = f"{http.host}:{http.port}" if http else "the bot"
    findings = []
    if not _SIGNING_SECRET.fullmatch(environment.signing_secret or ""):
        findings.append(
            warning(
                "SLACK_SIGNING_SECRET does not look like one, 32 characters of 0-9 and a-f; with a wrong one every request is refused.",
                f"{_HERE} Basic Information → App Credentials → Signing Secret → Show. Set it:",
                "export SLACK_SIGNING_SECRET=…",
            )
        )
    findings.append(
        note(
            f"Whether Slack can call the bot cannot be seen from here: it needs an https address that leads to {where}.",
            f"{_HERE} Socket Mode: off. Interactivity & Shortcuts → Request URL, Event Subscriptions → Request URL, and each of Slash Commands → Request URL:",
            "https://YOUR-HOST/slack/events",
        )
    )
    return findings


def _commands(names: CommandNames) -> Finding:
    listed = join([names.conns, names.kill, names.connbot])
    return note(
        f"Slack tells nobody which slash commands an app has. Type {names.connbot} help there: if it answers, they are in place.",
        f"If not: {_HERE} Slash Commands → Create New Command for each of {listed}, with “Escape channels, users, and links” "
        "ticked; then reinstall. If another app answers, name others in connbot.toml, [commands].",
    )


def _events() -> Finding:
    return note(
        "Slack tells nobody which events it sends an app. Write to the bot in a direct message: if it answers, they come.",
        f"If not: {_HERE} Event Subscriptions → Enable Events → Subscribe to bot events, and App Home → Messages Tab → "
        "“Allow users to send Slash commands and messages” ticked; then reinstall. The events:",
        *EVENTS,
    )


def judge_channels(course: Course, seen: SlackSeen) -> Section:
    """Say whether the configured channels can be used."""
    named = configured(course)
    if not named:
        return Section(
            "Channels",
            (
                note(
                    "connbot.toml names no channels. Commands work in all of them; summaries and warnings need a staff channel:",
                    "The id stands at the end of a channel's details. Above the first table of the file:",
                    'staff_channel = "C0123456789"',
                ),
            ),
        )
    if not seen.team:
        return Section("Channels", (note("Not checked: Slack could not be asked."),))
    return Section("Channels", tuple(_channel(channel, named[channel.id]) for channel in seen.channels))


def configured(course: Course) -> dict[str, str]:
    """The channels of connbot.toml, each with the setting that names it."""
    named = dict.fromkeys(course.help_channels, "help_channels")
    return named | ({course.staff_channel: "staff_channel"} if course.staff_channel else {})


def _channel(channel: ChannelSeen, setting: str) -> Finding:
    name = f"#{visible(channel.name)} ({channel.id}, {setting})" if channel.name else f"{channel.id} ({setting})"
    invite = "/invite @connbot"
    match channel.problem:
        case "":
            pass
        case "channel_not_found":
            return fault(
                f"Slack knows no channel {name}, or it is a private one that the bot is not in.",
                f"If it is private, type the line below in it. Else copy its id anew from the end of the channel's details into {setting}.",
                invite,
            )
        case "missing_scope":
            return note(f"The channel {name} could not be looked at: the app lacks channels:read or groups:read.")
        case problem:
            return note(f"The channel {name} could not be looked at ({visible(problem)}).")
    if channel.archived:
        return fault(
            f"The channel {name} is archived: nothing can be posted there.",
            f"Unarchive it (channel's details → Settings), or name another in {setting} of connbot.toml.",
        )
    if not channel.joined:
        return fault(f"The bot is not in {name}, so it cannot post there.", "Type in that channel:", invite)
    return fine(f"The bot is in {name}.")
