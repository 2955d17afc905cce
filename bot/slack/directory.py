"""Who is who in the workspace, by the e-mail of a confirmed profile."""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SetupError
from bot.slack.api_errors import FAILED, is_passing, why
from bot.slack.blocks.linking import Profile

log = logging.getLogger(__name__)

FEW = 40
"""E-mails up to here are looked up one by one (about 50 a minute are allowed); more are picked out of the whole list."""
PAGE = 200
_NOBODY = ("user_not_found", "user_not_visible")


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


async def profile_of(client: AsyncWebClient, team: str, slack_id: str) -> Profile | None:
    """What Slack tells of a person; None: no person of `team` with an open account. What it does not tell now is left out."""
    try:
        user: Mapping[str, Any] = (await client.users_info(user=slack_id))["user"]
    except FAILED as exc:
        log.warning("Slack does not tell who somebody is", extra={"action": "users.info", "why": why(exc)})
        return None if why(exc) in _NOBODY else Profile(slack_id)
    if user.get("deleted") or user.get("is_bot") or user.get("team_id", team) != team:
        return None
    profile = user.get("profile")
    told = profile if isinstance(profile, Mapping) else {}
    shown = told.get("real_name") or told.get("display_name") or user.get("name") or ""
    return Profile(slack_id, str(shown), email_of(user, team))


async def closed_accounts(client: AsyncWebClient, people: Collection[str]) -> frozenset[str] | None:
    """Which of these people's accounts are closed; None: Slack cannot tell now."""
    try:
        users = [await _one(client, each) for each in people] if len(people) <= FEW else await _listed(client)
    except FAILED as exc:
        log.warning("Slack does not tell whose accounts are closed", extra={"action": "users.list", "why": why(exc)})
        return None
    return frozenset(str(user["id"]) for user in users if user.get("deleted") and user.get("id") in people)


async def _one(client: AsyncWebClient, slack_id: str) -> Mapping[str, Any]:
    try:
        user: Mapping[str, Any] = (await client.users_info(user=slack_id))["user"]
    except SlackApiError as exc:
        if why(exc) not in _NOBODY:
            raise
        return {}
    return user


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
