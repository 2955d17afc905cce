"""What is said where a query is to be cancelled, not a connection ended."""

from zoneinfo import ZoneInfo

import pytest

from bot.connections.ending import Ended, NothingToEnd, Preview, Unsettled
from bot.connections.plan import Refused, WhyNot
from bot.incidents.proposal import Kind, NotClaimed, Outcome, Proposal, State
from bot.servers.backend import Backend
from bot.servers.server import Verdict
from bot.servers.strays import in_use
from bot.slack import ids
from bot.slack.blocks import confirmation, outcome, settled, usage
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from tests.block_rules import buttons, faults, strings
from tests.builders import a_backend, a_proposal, a_reading, an_active_backend, an_outcome
from tests.hostile import NAMES

NEW_YORK = ZoneInfo("America/New_York")
NAMED = CommandNames("/pgconns", "/pgkill", "/pgbot")
NEVER = ("terminated", "ended 1 connection", "End ", "ending")


def asked(*backends: Backend, refused: tuple[Refused, ...] = ()) -> Message:
    reading = a_reading(*backends, a_backend(1))
    use = {backend.id: how for backend in backends if (how := in_use(backend, reading.at))}
    proposal = a_proposal(*backends, kind=Kind.CANCEL)
    message = confirmation.render(Preview(proposal, reading, refused, use), zone=NEW_YORK, names=NAMED)
    assert faults(message) == []
    return message


def ended(*outcomes: Outcome, backends: tuple[Backend, ...] = (an_active_backend(),)) -> Message:
    proposal = a_proposal(*backends, kind=Kind.CANCEL, state=State.RESOLVED, outcomes=outcomes)
    message = outcome.render(Ended(proposal, None), zone=NEW_YORK, names=NAMED)
    assert faults(message) == []
    return message


def test_the_question_says_since_when_the_query_runs_and_that_the_connection_stays() -> None:
    message = asked(an_active_backend())
    assert message.text == (
        "Cancel 1 query of alice on class? Nothing has been cancelled yet. The buttons work for 2 min. "
        "The connection stays open and keeps its slot; the client gets an error. "
        "Pid 4712 (psql, active for 5 min)."
    )
    assert "a query has been running since" in "\n".join(strings(message))
    assert [
        (button["text"]["text"], button.get("style"), button["action_id"], button["value"])
        for button in buttons(message)
    ] == [
        ("Cancel query", "danger", ids.TERMINATE, "p-3f9c"),
        ("Leave it running", None, ids.WITHDRAW, "p-3f9c"),
    ]


def test_of_several_each_is_named_and_what_would_be_lost() -> None:
    writing = a_backend(4713, state=an_active_backend().state, since=5, transaction=9, wrote=True)
    message = asked(an_active_backend(), writing, refused=(Refused(1, WhyNot.NOTHING_RUNS, a_backend(1)),))
    assert message.text.startswith("Cancel 2 queries of alice on class?")
    assert "What its transaction has written so far is lost too (pid 4713)." in message.text
    assert "Will not be cancelled: pid 1: nothing runs there now, so there is nothing to cancel." in message.text
    assert "To end the connection itself, leave out --cancel." in message.text
    assert [button["text"]["text"] for button in buttons(message)] == ["Cancel 2 queries", "Leave them running"]


def test_where_nothing_runs_it_says_so_and_what_to_do_instead() -> None:
    nothing = NothingToEnd(a_reading(a_backend()), (Refused(4711, WhyNot.NOTHING_RUNS, a_backend()),), kind=Kind.CANCEL)
    message = confirmation.render_nothing(nothing, zone=NEW_YORK, names=NAMED)
    assert message.text.startswith("Nothing to cancel.")
    assert "Pid 4711: nothing runs there now, so there is nothing to cancel." in message.text
    assert "To end the connection itself, leave out --cancel." in message.text
    assert faults(message) == []


def test_of_all_none_runs() -> None:
    message = confirmation.render_nothing(
        NothingToEnd(a_reading(a_backend()), (), kind=Kind.CANCEL), zone=NEW_YORK, names=NAMED
    )
    assert "None of its connections runs a query." in message.text


def test_the_outcome_says_what_the_client_was_told_and_that_it_is_still_connected() -> None:
    message = ended(an_outcome(an_active_backend()))
    assert message.text == (
        "<@U0BOB> cancelled 1 query of alice on class, 07:00. "
        "The client was told “canceling statement due to user request” (57014); the connection stays open, and a "
        "transaction that was open must be rolled back. "
        "✅ pid 4712 (psql): its query was cancelled and has ended."
    )
    assert not buttons(message)


@pytest.mark.parametrize(
    ("verdict", "detail", "said", "again"),
    [
        (Verdict.ALREADY_GONE, "", "nothing cancelled, the connection was gone already", False),
        (Verdict.ALREADY_GONE, "over", "nothing cancelled, because the query had ended by itself", False),
        (Verdict.CHANGED, "", "nothing cancelled, because it runs another query now than the one shown", True),
        (Verdict.REFUSED, "service", "refused: alice is a service account", False),
        (Verdict.STILL_ENDING, "", "told to stop its query, which still ran after 5 s", False),
        (Verdict.FAILED, "no_right", "the server did not do it: the bot has no right to cancel it", False),
        (Verdict.INTERRUPTED, "there", "interrupted: its query still runs", False),
        (Verdict.INTERRUPTED, "gone", "interrupted: its query runs no more, and nobody saw how it ended", False),
    ],
)
def test_each_outcome_has_words_of_its_own(verdict: Verdict, detail: str, said: str, again: bool) -> None:  # noqa: FBT001  # a table
    message = ended(an_outcome(an_active_backend(), verdict, detail))
    assert message.text.startswith("This click of <@U0BOB> cancelled no query of alice on class")
    assert said in message.text
    assert not any(word in message.text for word in NEVER)
    assert "57014" not in message.text
    assert ("end the connection, without --cancel" in message.text) is (verdict is Verdict.STILL_ENDING)
    assert [button["action_id"] for button in buttons(message)] == ([ids.ASK_AGAIN] if again else [])


def told(why: str, state: State) -> str:
    proposal = a_proposal(an_active_backend(), kind=Kind.CANCEL, state=state)
    message = settled.render_not_claimed(NotClaimed(why, proposal), zone=NEW_YORK, names=NAMED)
    assert faults(message) == []
    return message.text


def test_a_click_that_did_nothing_speaks_of_the_query() -> None:
    of = "the query of pid 4712 of alice on class"
    assert f"Nothing was cancelled: you have no right any more to cancel {of}." in told("denied", State.PROPOSED)
    assert f"Nothing was cancelled: two minutes had passed since this was shown ({of})." in told("lapsed", State.LAPSED)
    assert f"Nothing was cancelled: you had taken this back before ({of})." in told("withdrawn", State.WITHDRAWN)
    assert f"is cancelling {of} now." in told("claimed", State.CLAIMED)


def test_of_many_only_what_else_would_be_lost_is_told_one_by_one() -> None:
    writing = a_backend(4713, state=an_active_backend().state, since=5, transaction=9, wrote=True)
    shown = "\n".join(strings(asked(*[an_active_backend(pid) for pid in range(5000, 5040)], writing)))
    assert shown.count("a query has been running since") == 1
    assert "pid 4713 \u00b7 since" in shown
    assert "*40* \u00d7 `psql`" in shown


def both(*backends: Backend, state: State = State.PROPOSED) -> Proposal:
    return a_proposal(*backends, kind=Kind.CANCEL, state=state)


def test_the_rest_of_its_life_is_told_of_the_query_too() -> None:
    assert settled.render_withdrawn(both(an_active_backend())).text == (
        "Left alone: nothing was cancelled. You had asked for the query of pid 4712 of alice on class."
    )
    silent = settled.render_unsettled(Unsettled(both(an_active_backend(), state=State.CLAIMED)), zone=NEW_YORK)
    assert "while it was to cancel the query of pid 4712 of alice on class" in silent.text
    assert "It may be cancelled. What became of it is told here" in silent.text
    assert outcome.render_progress(Kind.CANCEL).text.startswith("⏳ Cancelling now")
    backends = [an_active_backend(pid) for pid in range(1, 8)]
    interrupted = settled.render(both(*backends[:2], state=State.RESOLVED), zone=NEW_YORK)
    assert "while it cancelled the queries of pids 1 and 2 of alice on class" in interrupted.text
    assert "You had asked for 7 queries of alice on class" in settled.render_withdrawn(both(*backends)).text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 100])
def test_hostile_names_and_many_of_them_stay_within_slacks_limits(name: str, count: int) -> None:
    backends = tuple(an_active_backend(pid, application_name=name) for pid in range(2, count + 2))
    asked(*backends)
    verdicts = list(Verdict)
    ended(*(an_outcome(one, verdicts[at % len(verdicts)], name) for at, one in enumerate(backends)), backends=backends)


def test_help_names_it() -> None:
    told = usage.render_help(viewer="U0ALICE", names=NAMED).text
    assert "`/pgkill alice 4711 --cancel` — only cancel the query that runs there; the connection stays" in told
