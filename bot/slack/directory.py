"""Who is who in the workspace, by the e-mail of a confirmed profile."""

from collections.abc import Iterable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SetupError
from bot.slack.api_errors import is_passing, why

FEW = 40
"""E-mails up to here are looked up one by one (about 50 a minute are allowed); more are picked out of the whole list."""
PAGE = 200


async def people_by_email(client: AsyncWebClient, team: str, emails: Iterable[str]) -> dict[str, str]:
    """Map each of `emails` (lower case) that a person of `team` has confirmed to the Slack id.

    Raises `SetupError` when Slack does not tell e-mails, one of `UNREACHABLE` when it cannot tell now.
    """
    wanted = sorted(set(emails))
    try:
        users = await _looked_up(client, wanted) if len(wanted) <= FEW else await _listed(client)
    except SlackApiError as exc:
        if is_passing(exc):
            raise ConnectionError(why(exc)) from exc
        fault = f"Slack does not tell e-mails ({why(exc)}): the app needs users:read and users:read.email; install it again."
        raise SetupError((fault,)) from exc
    found = {email: str(user["id"]) for user in users if (email := email_of(user, team))}
    return {email: found[email] for email in wanted if email in found}


def email_of(user: Mapping[str, Any], team: str) -> str | None:
    """The e-mail by which a profile may be matched: a person's of `team`, active, confirmed; else None."""
    profile = user.get("profile")
    email = profile.get("email") if isinstance(profile, Mapping) else None
    foreign = user.get("team_id", team) != team
    if not isinstance(email, str) or foreign or user.get("deleted") or user.get("is_bot"):
        return None
    return None if user.get("is_email_confirmed") is False else email.strip().lower()


async def _looked_up(client: AsyncWebClient, emails: list[str]) -> list[Mapping[str, Any]]:
    users = []
    for email in emails:
        try:
            users.append((await client.users_lookupByEmail(email=email))["user"])
        except SlackApiError as exc:
            if why(exc) != "users_not_found":
                raise
    return users


async def _listed(client: AsyncWebClient) -> list[Mapping[str, Any]]:
    users: list[Mapping[str, Any]] = []
    cursor = ""
    while True:
        page = await client.users_list(limit=PAGE, cursor=cursor or None)
        users.extend(page["members"])
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return users
