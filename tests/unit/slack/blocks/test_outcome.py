from zoneinfo import ZoneInfo

import pytest

from bot.access.member import Right
from bot.connections.ending import Ended, Unsettled
from bot.incidents.proposal import Kind, NotClaimed, Outcome, Proposal, State
from bot.servers.capacity import Capacity
from bot.servers.server import Verdict
from bot.slack import ids
from bot.slack.blocks import outcome, settled
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from tests.block_rules import buttons, faults
from tests.builders import ALICE, BOB, a_backend, a_capacity, a_proposal, a_resolved, an_outcome
from tests.hostile import NAMES
from tests.listings import five, many

NEW_YORK = ZoneInfo("America/New_York")
NAMED = CommandNames("/pgconns", "/pgkill", "/pgbot")


def rendered(proposal: Proposal, capacity: Capacity | None = None, *, on_record: bool = True) -> Message:
    return outcome.render(Ended(proposal, capacity, on_record), zone=NEW_YORK, names=NAMED)


def test_what_was_ended_by_whom_and_how_many_can_connect_now() -> None:
    message = rendered(a_resolved({five()[0]: Verdict.TERMINATED}), a_capacity(used=4))
    assert message.text == (
        "<@U0BOB> ended 1 connection of alice on class, 07:00. alice now: 4 of 5 connections — one more can connect. "
        "With one slot left, a program that opens two connections at once may be refused both: then try once more. "
        "✅ pid 4711 (`pgAdmin 4 - DB:shop`): terminated."
    )
    assert not buttons(message)
    assert faults(message) == []


def test_each_connection_has_its_own_outcome_and_what_changed_can_be_asked_again() -> None:
    verdicts = dict(zip(five(), (Verdict.TERMINATED, Verdict.CHANGED, Verdict.ALREADY_GONE), strict=False))
    message = rendered(a_resolved(verdicts, claimed_by=ALICE), a_capacity(used=3))
    assert "<@U0ALICE> ended 1 of 3 connections of alice on class" in message.text
    assert "✅ pid 4711 (`pgAdmin 4 - DB:shop`): terminated" in message.text
    assert "✋ pid 4715 (`pgAdmin 4 - CONN:8122`): not ended, because it changed since it was shown" in message.text
    assert "☑️ pid 4720 (`pgAdmin 4 - DB:shop`): gone already, not by this click" in message.text
    assert [(button["action_id"], button["value"]) for button in buttons(message)] == [(ids.ASK_AGAIN, "p-3f9c")]


def test_of_many_what_did_not_go_as_asked_comes_first() -> None:
    verdicts = dict.fromkeys((a_backend(pid) for pid in range(1, 41)), Verdict.TERMINATED)
    verdicts |= {a_backend(41): Verdict.CHANGED, a_backend(42): Verdict.STILL_ENDING}
    first, second, last = outcome.describe(a_resolved(verdicts))
    assert "pid 41 (psql): not ended, because it changed" in first
    assert "pid 42 (psql): told to end and still there" in second
    assert last == f"✅ pids {', '.join(map(str, range(1, 40)))} and 40: terminated"


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.TERMINATED])
def test_nothing_else_is_ever_called_ended(verdict: Verdict) -> None:
    message = rendered(a_resolved({a_backend(): verdict}))
    assert message.text.startswith("This click of <@U0BOB> ended no connection of alice on class")
    assert "terminated" not in message.text
    assert faults(message) == []


@pytest.mark.parametrize("verdict", [Verdict.STILL_ENDING, Verdict.FAILED])
def test_what_is_open_says_where_to_look_again(verdict: Verdict) -> None:
    assert "Look again: `/pgconns alice on class`." in rendered(a_resolved({a_backend(): verdict})).text


@pytest.mark.parametrize(
    ("verdict", "detail", "said"),
    [
        (Verdict.REFUSED, "superuser", "refused: alice is a superuser"),
        (Verdict.REFUSED, "not_student", "refused: alice is no student's role"),
        (Verdict.FAILED, "no_right", "the server did not do it: the bot has no right to end it"),
        (Verdict.FAILED, "odd <!here>", "the server did not do it: `odd &lt;!here&gt;`"),
        (Verdict.INTERRUPTED, "", "interrupted: the server did not tell whether it is there"),
    ],
)
def test_the_servers_reason_is_told(verdict: Verdict, detail: str, said: str) -> None:
    proposal = a_proposal(state=State.RESOLVED, outcomes=[an_outcome(None, verdict, detail)])
    assert said in rendered(proposal).text
    assert faults(rendered(proposal)) == []


def test_an_entry_that_could_not_be_written_is_said() -> None:
    assert (
        "the entry is completed later" in rendered(a_resolved({a_backend(): Verdict.TERMINATED}), on_record=False).text
    )


def test_somebody_at_the_command_line_is_no_mention() -> None:
    message = rendered(a_resolved({a_backend(): Verdict.TERMINATED}, claimed_by="cli:<!here>"))
    assert message.text.startswith("`&lt;!here&gt;` (at the command line) ended 1 connection")


@pytest.mark.parametrize("count", [1, 5, 100, 2000])
@pytest.mark.parametrize("name", ["psql", "<!channel>", "&" * 63])
def test_every_outcome_is_within_slacks_limits(count: int, name: str) -> None:
    backends = many(count, name).clients
    verdicts = {backend: list(Verdict)[at % len(Verdict)] for at, backend in enumerate(backends)}
    assert faults(rendered(a_resolved(verdicts), a_capacity(name, used=3))) == []


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_harmless(name: str) -> None:
    backends = [a_backend(pid, role=name, application_name=name) for pid in range(1, 9)]
    outcomes = [Outcome(backend.id, Verdict.FAILED, backend.started_at, name) for backend in backends]
    proposal = a_proposal(*backends, role=name, state=State.RESOLVED, requester=name or "x", outcomes=outcomes)
    assert faults(rendered(proposal, a_capacity(name))) == []
    assert faults(settled.render(proposal, zone=NEW_YORK)) == []
    assert faults(settled.render_reconnected(proposal, (1, 2))) == []
    assert faults(settled.render_withdrawn(proposal)) == []


def test_progress_promises_the_outcome() -> None:
    message = outcome.render_progress(Kind.TERMINATE)
    assert "This message will say how it went." in message.text
    assert faults(message) == []


def interrupted(*details: str) -> Message:
    backends = five()[: len(details)]
    outcomes = [
        an_outcome(backend, Verdict.INTERRUPTED, detail) for backend, detail in zip(backends, details, strict=True)
    ]
    return settled.render(a_proposal(*backends, state=State.RESOLVED, outcomes=outcomes), zone=NEW_YORK)


def test_settlement_without_a_look_says_that_nobody_told_and_asks_to_look() -> None:
    message = interrupted("", "gone")
    assert "pid 4711 (`pgAdmin 4 - DB:shop`): interrupted: the server did not tell whether it is there" in message.text
    assert "Ask again to see what is there now" in message.text
    assert "There is nothing more to do." in interrupted("gone", "gone").text


@pytest.mark.parametrize(
    ("verdict", "detail", "says"),
    [
        (Verdict.TERMINATED, "", "ended 1 connection of alice on class"),
        (Verdict.INTERRUPTED, "gone", "The bot was interrupted"),
        (Verdict.INTERRUPTED, "there", "The bot was interrupted"),
    ],
)
def test_the_end_reads_the_same_whoever_tells_it(verdict: Verdict, detail: str, says: str) -> None:
    (backend,) = five()[:1]
    resolved = a_proposal(backend, state=State.RESOLVED, outcomes=[an_outcome(backend, verdict, detail)])
    message = settled.render_end(Ended(resolved, None), zone=NEW_YORK, names=CommandNames())
    assert says in message.text
    withdrawn = a_proposal(backend, state=State.WITHDRAWN)
    message = settled.render_end(Ended(withdrawn, None), zone=NEW_YORK, names=CommandNames())
    assert message.text.startswith("Cancelled: nothing was ended.")


def test_settlement_says_there_or_gone_and_never_terminated() -> None:
    message = interrupted("there", "gone")
    assert message.text.startswith(
        "The bot was interrupted at 07:00 while it ended pids 4711 and 4715 of alice on class."
    )
    assert "pid 4711 (`pgAdmin 4 - DB:shop`): interrupted: still there" in message.text
    assert "pid 4715 (`pgAdmin 4 - CONN:8122`): interrupted: gone now, and nobody saw how" in message.text
    assert "terminated" not in message.text
    assert [button["action_id"] for button in buttons(message)] == [ids.ASK_AGAIN]
    assert faults(message) == []


def test_where_all_are_gone_nothing_is_left_to_ask() -> None:
    message = interrupted("gone")
    assert "There is nothing more to do." in message.text
    assert not buttons(message)


def test_a_client_that_came_back_is_to_be_closed_at_its_own_end() -> None:
    message = settled.render_reconnected(a_proposal(), (5001, 5002))
    assert "2 clients reconnected by themselves (pids 5001 and 5002)" in message.text
    assert "Ending them here again will not help: close them in the programs themselves." in message.text
    message = settled.render_reconnected(a_proposal(), (5001,))
    assert "the client reconnected by itself (pid 5001). Ending it here again will not help" in message.text
    message = settled.render_reconnected(a_proposal(), tuple(range(5000, 5150)))
    assert "150 clients reconnected by themselves. Ending them" in message.text


def test_withdrawn_means_that_nothing_ended() -> None:
    assert (
        settled.render_withdrawn(a_proposal()).text
        == "Cancelled: nothing was ended. You had asked for pid 4711 of alice on class."
    )


def test_a_server_that_went_silent_is_not_to_be_asked_again() -> None:
    message = settled.render_unsettled(Unsettled(a_proposal(state=State.CLAIMED)), zone=NEW_YORK)
    assert (
        "The server stopped answering while it was to end pid 4711 of alice on class (asked at 07:00)." in message.text
    )
    assert not buttons(message)
    assert faults(settled.render_unsettled(Unsettled(a_proposal()), zone=NEW_YORK)) == []


def refused(why: str, proposal: Proposal | None) -> Message:
    message = settled.render_not_claimed(NotClaimed(why, proposal, ("U0CAROL", "U0DAN")), zone=NEW_YORK, names=NAMED)
    assert faults(message) == []
    return message


@pytest.mark.parametrize(
    ("why", "state", "said", "again"),
    [
        (
            "denied",
            State.PROPOSED,
            "Nothing was ended: you have no right any more to end pid 4711 of alice on class.",
            False,
        ),
        (
            "reason",
            State.PROPOSED,
            "Nothing was ended: somebody may be working in pid 4711 of alice on class, so ending it needs a reason.",
            False,
        ),
        (
            "shared",
            State.PROPOSED,
            "Nothing was ended: somebody may be working in pid 4711 of alice on class, and alice is <@U0CAROL> and <@U0DAN>'s too. Ask them",
            False,
        ),
        (
            "proposed",
            State.PROPOSED,
            "Nothing was ended: <@U0BOB> is asked once more about pid 4711 of alice on class now. Try again in some minutes.",
            False,
        ),
        (
            "waiting",
            State.WAITING,
            "Nothing was ended: pid 4711 of alice on class waits for the answer of its owner.",
            False,
        ),
        (
            "made_anew",
            State.PROPOSED,
            "Nothing was ended: alice was dropped and made anew since this was shown (pid 4711 of alice on class)",
            False,
        ),
        (
            "lapsed",
            State.LAPSED,
            "Nothing was ended: two minutes had passed since this was shown (pid 4711 of alice on class).",
            True,
        ),
        (
            "withdrawn",
            State.WITHDRAWN,
            "Nothing was ended: you had taken this back before (pid 4711 of alice on class).",
            True,
        ),
        ("claimed", State.CLAIMED, "<@U0BOB> was first at 07:00 and is ending pid 4711 of alice on class now.", False),
        (
            "else",
            State.PROPOSED,
            "This click did nothing: the button for pid 4711 of alice on class does not work any more.",
            False,
        ),
    ],
)
def test_a_click_that_did_nothing_says_why(why: str, state: State, said: str, again: bool) -> None:  # noqa: FBT001  # a table
    message = refused(why, a_proposal(state=state))
    assert said in message.text
    assert [button["action_id"] for button in buttons(message)] == ([ids.ASK_AGAIN] if again else [])


def test_who_asked_as_an_owner_and_is_none_any_more_learns_what_staff_must_give() -> None:
    message = refused("reason", a_proposal(right=Right.OWNER))
    assert (
        "as an owner of alice, and that you are no more. Type the command again with \u201cbecause\u201d and a reason."
        in message.text
    )


def test_a_late_click_is_told_who_was_first_when_and_how_it_ended() -> None:
    message = refused("resolved", a_resolved({five()[0]: Verdict.TERMINATED}, claimed_by=ALICE))
    assert message.text == (
        "<@U0ALICE> was first at 07:00 with pid 4711 of alice on class; this click did nothing more. "
        "✅ pid 4711 (`pgAdmin 4 - DB:shop`): terminated"
    )


def test_somebody_elses_button_tells_a_stranger_nothing() -> None:
    message = refused("foreign", a_proposal())
    assert "alice" not in message.text
    assert BOB not in message.text


def test_an_unknown_button_names_the_way_on() -> None:
    assert "Start again with `/pgconns ROLE`." in refused("unknown", None).text


def test_many_pids_are_counted() -> None:
    assert (
        "7 connections of alice" in settled.render_withdrawn(a_proposal(*(a_backend(pid) for pid in range(1, 8)))).text
    )
