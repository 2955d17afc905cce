"""What owners and staff read of each other's answers: whole, within Slack's limits, and nothing of anybody else."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.access.member import Right
from bot.connections.ending import Ended, Preview
from bot.incidents.proposal import Consent, Kind, NotClaimed, Proposal, State
from bot.servers.server import Verdict
from bot.slack import ids
from bot.slack.blocks import confirmation, consent, notice, settled
from bot.slack.blocks.text import Message
from bot.slack.commands import LONGEST_REASON, CommandNames
from bot.slack.payloads import Behind
from tests.block_rules import buttons, faults, strings
from tests.builders import (
    ALICE,
    BOB,
    NOON,
    a_backend,
    a_proposal,
    a_reading,
    a_resolved,
    a_writing_backend,
    an_active_backend,
)
from tests.hostile import NAMES

NEW_YORK = ZoneInfo("America/New_York")
NAMED = CommandNames("/pgconns", "/pgkill", "/pgbot")


def waiting(
    *, count: int = 1, name: str = "psql", role: str = "alice", reason: str = "", kind: Kind = Kind.TERMINATE
) -> Proposal:
    backends = [replace(a_backend(pid, application_name=name), role=role) for pid in range(1, count + 1)]
    proposal = a_proposal(*backends, role=role, reason=reason, state=State.WAITING, kind=kind)
    return replace(proposal, consent=Consent.ASKED, lapses_at=NOON + timedelta(minutes=15))


def preview(proposal: Proposal) -> Preview:
    return Preview(proposal, a_reading(), (), {}, None, (ALICE, "U0CAROL"))


EACH: Sequence[Callable[[Proposal], Message]] = (
    lambda one: consent.render_waiting(preview(one), zone=NEW_YORK),
    lambda one: consent.render_question(one, zone=NEW_YORK),
    consent.render_using,
    lambda one: consent.render_kept(replace(one, answered_by=ALICE)),
    lambda one: consent.render_unanswered(one, zone=NEW_YORK),
    consent.render_nothing_left,
    consent.render_taken_over,
    lambda one: consent.render_came_of_it(replace(one, state=State.WITHDRAWN), zone=NEW_YORK),
    *(
        lambda one, state=state: consent.render_closed(replace(one, state=state), zone=NEW_YORK)
        for state in (State.WITHDRAWN, State.LAPSED, State.PROPOSED, State.CLAIMED)
    ),
    lambda one: consent.render_not(NotClaimed("over", one), zone=NEW_YORK),
    lambda one: consent.render_not(NotClaimed("taken", one), zone=NEW_YORK),
    lambda one: consent.render_not(NotClaimed("nothing_left", one), zone=NEW_YORK),
    lambda _: consent.render_not(NotClaimed("unknown"), zone=NEW_YORK),
    lambda _: consent.render_no_window(names=NAMED),
)


@pytest.mark.parametrize("render", EACH)
@pytest.mark.parametrize("kind", Kind)
def test_each_is_within_slacks_limits_whatever_things_are_called(
    render: Callable[[Proposal], Message], kind: Kind
) -> None:
    for name in NAMES:
        message = render(waiting(count=100, name=name, role=name[:60] or "x", reason=name * 3, kind=kind))
        assert faults(message) == []
        assert "<!channel>" not in str(message)


def test_whoever_asked_reads_whom_it_waits_for_and_until_when() -> None:
    message = consent.render_waiting(preview(waiting(reason="exam at 9")), zone=NEW_YORK)
    assert message.text.startswith("Waiting for the owner, until 07:15: End 1 connection of alice on class?")
    assert "I have asked <@U0ALICE> and <@U0CAROL>." in message.text
    assert "Reason given: `exam at 9`" in message.text
    assert [one["action_id"] for one in buttons(message)] == [ids.OVERRIDE, ids.WITHDRAW]


def test_an_owner_reads_who_asks_for_what_and_why() -> None:
    message = consent.render_question(waiting(reason="exam at 9"), zone=NEW_YORK)
    assert message.text.startswith("<@U0BOB> asks: End 1 connection of alice on class? Reason given: `exam at 9`")
    assert "If nobody answers until 07:15, <@U0BOB> may end it." in message.text
    assert "Pid 1 (psql, idle for 1 h)." in message.text
    assert [one["text"]["text"] for one in buttons(message)] == ["I am using it", "Close it"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": State.WITHDRAWN, "answered_by": ALICE}, "<@U0ALICE> is using it: nothing was ended"),
        ({"state": State.WITHDRAWN}, "<@U0BOB> took it back: nothing was ended"),
        ({"state": State.LAPSED}, "It came to nothing: nothing was ended"),
        (
            {"state": State.PROPOSED, "consent": Consent.OVERRIDDEN, "reason": "exam"},
            "did not wait for the answer (`exam`)",
        ),
        ({"state": State.CLAIMED, "claimed_by": BOB}, "<@U0BOB> sees to it now"),
    ],
)
def test_a_question_that_needs_no_answer_says_what_became_of_it(changes: dict[str, object], said: str) -> None:
    message = consent.render_closed(replace(waiting(), **changes), zone=NEW_YORK)  # type: ignore[arg-type]
    assert said in message.text
    assert buttons(message) == []


def test_an_owners_no_is_told_to_whoever_asked() -> None:
    withdrawn = replace(waiting(), state=State.WITHDRAWN, answered_by=ALICE)
    told = settled.render_end(Ended(withdrawn, None), zone=UTC, names=NAMED)
    assert told.text.startswith(
        "<@U0ALICE> is using it, so nothing was ended: you had asked for pid 1 of alice on class."
    )
    own = settled.render_end(Ended(replace(withdrawn, answered_by=None), None), zone=UTC, names=NAMED)
    assert own.text.startswith("Cancelled")


@pytest.mark.parametrize("view", [consent.override_window, consent.reason_window])
def test_a_modal_asks_why_and_carries_the_opaque_id_alone(
    view: Callable[[Proposal, Behind], dict[str, object]],
) -> None:
    for name in NAMES:
        proposal = waiting(name=name, role=name[:60] or "x", reason=name * 9)
        shown = view(proposal, Behind("C0HELP"))
        assert "p-3f9c" in str(shown["private_metadata"])
        assert str(NOON) not in str(shown)
        assert len(str(shown["title"])) < 100
        (field,) = [block for block in shown["blocks"] if block["type"] == "input"]  # type: ignore[attr-defined]
        assert field["element"]["max_length"] == LONGEST_REASON
        assert len(field["element"].get("initial_value", "")) <= LONGEST_REASON


def test_what_is_in_use_has_a_button_that_asks_for_the_reason() -> None:
    for backend, reason, right, action in (
        (an_active_backend(), "", Right.RESPONDER, ids.TERMINATE_BECAUSE),
        (an_active_backend(), "exam", Right.RESPONDER, ids.TERMINATE),
        (an_active_backend(), "", Right.OWNER, ids.TERMINATE),
        (a_backend(), "", Right.RESPONDER, ids.TERMINATE),
    ):
        proposal = a_proposal(backend, reason=reason, right=right)
        message = confirmation.render(Preview(proposal, a_reading(backend), (), {}), zone=NEW_YORK, names=NAMED)
        assert faults(message) == []
        assert buttons(message)[0]["action_id"] == action
        assert ("type `/pgkill alice 4712 on class because …`" in message.text) is (action == ids.TERMINATE_BECAUSE)


def told(proposal: Proposal) -> Message:
    message = notice.render_ended(proposal, zone=NEW_YORK, names=NAMED)
    assert faults(message) == []
    return message


def test_an_owner_reads_what_ended_by_whom_why_and_how_to_stop_it() -> None:
    psql, pgadmin = a_backend(1), a_backend(2, application_name="pgAdmin 4 - DB:shop", client_address="198.51.100.7")
    ended = a_resolved({psql: Verdict.TERMINATED, pgadmin: Verdict.TERMINATED, a_writing_backend(): Verdict.CHANGED})

    message = told(replace(ended, reason="exam at 9", consent=Consent.INFORMED))

    assert message.text.startswith("<@U0BOB> ended 2 of 3 connections of alice on class, 07:00. Why: `exam at 9`.")
    assert "To stop it happening: End the ones you do not need with \\q" in message.text
    assert "To stop it happening: Close the Query Tool tabs" in message.text
    assert "`/pgconns` shows what is open" in message.text
    assert "198.51.100.7" not in "".join(strings(message))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"right": Right.OWNER, "consent": Consent.OWNER}, "<@U0BOB> owns alice too."),
        ({"consent": Consent.OVERRIDDEN}, "You had been asked, and <@U0BOB> did not wait for the answer."),
        ({"consent": Consent.ASKED}, "You had been asked, and nobody answered in time."),
        ({"consent": Consent.INFORMED}, "You are told because alice is yours."),
    ],
)
def test_an_owner_reads_why_they_are_told(changes: dict[str, object], said: str) -> None:
    message = told(replace(a_resolved({a_backend(): Verdict.TERMINATED}), **changes))  # type: ignore[arg-type]
    assert said in message.text
    assert "No reason was given." in message.text


def test_of_an_unknown_client_and_of_a_query_what_helps_is_told_too() -> None:
    odd = a_resolved({a_backend(application_name="my_script <!here>"): Verdict.TERMINATED})
    assert "close what you do not need in the program itself" in told(odd).text
    cancelled = replace(a_resolved({an_active_backend(): Verdict.TERMINATED}), kind=Kind.CANCEL)
    assert "canceling statement due to user request" in told(cancelled).text


@pytest.mark.parametrize("name", NAMES)
def test_a_notice_of_many_is_within_slacks_limits(name: str) -> None:
    backends = {a_backend(pid, application_name=name): Verdict.TERMINATED for pid in range(1, 101)}
    told(replace(a_resolved(backends), reason=name * 3, role=name[:60] or "x"))
