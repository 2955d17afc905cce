from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.servers.capacity import Capacity, Limit, LimitKind
from bot.slack.blocks import listing
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from tests.block_rules import faults, strings
from tests.builders import a_capacity, a_reading, a_role
from tests.listings import a_listing, an_entry


def rendered(capacity: Capacity, *, can_login: bool = True) -> Message:
    entry = an_entry(a_reading(capacity=capacity, role=a_role(can_login=can_login)))
    return listing.render(a_listing(entry), zone=ZoneInfo("America/New_York"), names=CommandNames())


def unsure(capacity: Capacity) -> Capacity:
    """The same where helper processes cannot be told from clients."""
    role, server = replace(capacity.role, at_most=True), replace(capacity.server, at_most=True)
    return replace(capacity, role=role, server=server)


@pytest.mark.parametrize(
    ("capacity", "headline"),
    [
        (a_capacity(used=4), "alice: 4 of 5 connections — one more can connect."),
        (a_capacity(used=2), "alice: 2 of 5 connections — 3 more can connect."),
        (a_capacity(used=5), "alice: 5 of 5 connections — alice cannot open another."),
        (a_capacity(used=7), "alice: 7 of 5 connections — alice cannot open another until 3 of them have ended."),
        (a_capacity(used=0), "alice: nobody is connected (0 of 5) — 5 more can connect."),
        (
            a_capacity(used=0, limit=0),
            "alice: nobody is connected (0 of 0) — its limit is 0: alice cannot connect at all.",
        ),
        (
            a_capacity(used=0, limit=None),
            "alice: nobody is connected — it has no limit of its own; the server has 57 slots left.",
        ),
        (a_capacity(used=1, limit=None, server_limit=None), "alice: 1 connection — it has no limit of its own."),
        (a_capacity(used=1, server_limit=None), "alice: 1 of 5 connections — 4 more can connect."),
        (
            a_capacity(used=3, limit=None, at_least=True),
            "alice: 3 connections — it has no limit of its own; the server has at most 57 slots left.",
        ),
        (
            a_capacity(used=6, exempt=True),
            "alice: 6 connections — a superuser, held by the server's limit alone; the server has 57 slots left.",
        ),
        (
            a_capacity(used=6, exempt=True, server_used=97),
            "alice: 6 connections — the server class (97 of 97 slots) is full: nobody can connect.",
        ),
        (
            a_capacity(used=3, server_used=97, at_least=True),
            "alice: 3 of 5 connections — the server class (at least 97 of 97 slots) is full: nobody can connect.",
        ),
        (
            a_capacity(used=3, server_used=99),
            "alice: 3 of 5 connections — the server class (99 of 97 slots) is full: nobody can connect until 3 of them have ended.",
        ),
        (
            a_capacity(used=3, server_used=98, at_least=True),
            (
                "alice: 3 of 5 connections — the server class (at least 98 of 97 slots) is full: nobody can connect "
                "until at least 2 of them have ended."
            ),
        ),
        (
            a_capacity(used=3, databases=[Limit(LimitKind.DATABASE, "shop", 22, 20)]),
            (
                "alice: 3 of 5 connections — database shop (22 of 20) is full: alice cannot open another there "
                "until 3 of them have ended."
            ),
        ),
        (
            a_capacity(used=1, server_used=95),
            "alice: 1 of 5 connections — 2 more can connect: the server has no further slot.",
        ),
        (a_capacity(used=3, server_used=95), "alice: 3 of 5 connections — 2 more can connect."),
        (
            a_capacity(used=3, server_used=95, at_least=True),
            "alice: 3 of 5 connections — at most 2 more can connect.",
        ),
        (
            a_capacity(used=3, databases=[Limit(LimitKind.DATABASE, "shop", 20, 20)]),
            "alice: 3 of 5 connections — database shop (20 of 20) is full: alice cannot open another there.",
        ),
        (unsure(a_capacity(used=3)), "alice: at most 3 of 5 connections — at least 2 more can connect."),
        (unsure(a_capacity(used=5)), "alice: at most 5 of 5 connections — role alice (at most 5 of 5) may be full."),
        (
            unsure(a_capacity(used=3, server_used=95, at_least=True)),
            "alice: at most 3 of 5 connections — about 2 more can connect.",
        ),
        (
            unsure(a_capacity(used=3, limit=None, server_used=97, at_least=True)),
            "alice: at most 3 connections — the server class (about 97 of 97 slots) may be full.",
        ),
        (
            unsure(a_capacity(used=3, limit=None)),
            "alice: at most 3 connections — it has no limit of its own; the server has at least 57 slots left.",
        ),
        (
            a_capacity(used=0, databases=[Limit(LimitKind.DATABASE, "shop", 0, 0)]),
            "alice: nobody is connected (0 of 5) — database shop has a limit of 0: alice cannot connect to it.",
        ),
    ],
)
def test_the_headline_says_which_limit_bites(capacity: Capacity, headline: str) -> None:
    message = rendered(capacity)
    assert message.text == headline
    assert faults(message) == []


def test_a_role_that_may_not_log_in_is_told_so() -> None:
    message = rendered(a_capacity(), can_login=False)
    assert message.text == "alice: nobody is connected (0 of 5) — the role may not log in at all (NOLOGIN)."


def test_further_full_limits_and_hidden_logins_are_remarked() -> None:
    capacity = a_capacity(used=5, databases=[Limit(LimitKind.DATABASE, "shop", 20, 20)], server_used=97, at_least=True)
    told = "\n".join(strings(rendered(capacity)))
    assert "Full too: database shop (20 of 20) and the server class (at least 97 of 97 slots)." in told
    assert "logins in progress may hold further slots" in told


@pytest.mark.parametrize(("server_used", "said"), [(97, False), (98, True)])
def test_what_the_reserve_let_in_is_explained_whatever_limit_bites(server_used: int, *, said: bool) -> None:
    told = "\n".join(strings(rendered(a_capacity(used=5, server_used=server_used))))
    explained = (
        "98 connections for 97 ordinary slots, because some came in through reserved ones and count too: 2 must end"
    )
    assert (explained in told) is said


def test_what_makes_a_count_unsure_is_explained() -> None:
    told = "\n".join(strings(rendered(unsure(a_capacity(used=5, server_used=97, at_least=True)))))
    assert "Full too: the server class (about 97 of 97 slots)." in told
    assert "“At most”: helper processes of the server, which take no slot" in told
    assert "“About”: logins in progress may hold further slots that no view shows, and helper processes" in told


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (a_capacity(used=4), True),
        (a_capacity(used=3), False),
        (a_capacity(used=5), False),
        (a_capacity(used=3, server_used=96), True),
        (a_capacity(used=4, server_used=97), False),
        (a_capacity(used=4, exempt=True), False),
        (a_capacity(used=1, databases=[Limit(LimitKind.DATABASE, "shop", 19, 20)]), True),
    ],
)
def test_two_logins_at_once_for_the_last_slot_are_warned_of(limits: Capacity, *, said: bool) -> None:
    assert ("opens two connections at once" in "\n".join(strings(rendered(limits)))) is said
