"""Whose profile an e-mail may be matched with."""

from typing import Any

import pytest

from bot.slack.directory import email_of

OURS = "T0OURS"


def a_user(**changes: Any) -> dict[str, Any]:
    confirmed = {"is_email_confirmed": True, "profile": {"email": "Alice@Example.edu "}}
    return {"id": "U0ALICE", "team_id": OURS, "deleted": False, "is_bot": False, **confirmed, **changes}


def test_a_confirmed_profile_of_our_team_is_matched_in_lower_case() -> None:
    assert email_of(a_user(), OURS) == "alice@example.edu"


@pytest.mark.parametrize(
    "change",
    [
        {"is_email_confirmed": False},
        {"deleted": True},
        {"team_id": "T0OTHER"},
        {"is_bot": True},
        {"profile": {}},
        {"profile": {"email": None}},
        {"profile": None},
    ],
    ids=str,
)
def test_anybody_else_is_not(change: dict[str, Any]) -> None:
    assert email_of(a_user(**change), OURS) is None
