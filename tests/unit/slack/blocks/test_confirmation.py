from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.connections.ending import NothingToEnd, Preview
from bot.connections.plan import Refused, WhyNot
from bot.servers.backend import Backend
from bot.servers.capacity import Capacity
from bot.servers.server import Reading
from bot.servers.strays import in_use
from bot.slack import ids
from bot.slack.blocks import bulk, confirmation, reasons
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from tests.block_rules import buttons, faults, strings
from tests.builders import a_backend, a_capacity, a_proposal, a_reading, a_role, an_active_backend, an_unseen_backend
from tests.hostile import NAMES
from tests.listings import five, many

NEW_YORK = ZoneInfo("America/New_York")
NAMED = CommandNames("/pgconns", "/pgkill", "/pgbot")


def rendered(reading: Reading, *backends: Backend, refused: tuple[Refused, ...] = (), reason: str = "") -> Message:
    proposal = a_proposal(*backends, role=reading.role.name, reason=reason)
    use = {backend.id: how for backend in backends if (how := in_use(backend, reading.at))}
    preview = Preview(proposal, reading, refused, use, "dba@example.edu")
    return confirmation.render(preview, zone=NEW_YORK, names=NAMED)


def shown(message: Message) -> str:
    return "\n".join(strings(message))


def test_it_shows_exactly_what_ends_what_is_lost_and_what_looks_in_use() -> None:
    left_over, _, _, active, writing = five()
    message = rendered(a_reading(*five()), left_over, active, writing, reason="exam <!here>")
    assert message.text == (
        "End 3 connections of alice on class? Nothing has ended yet. The buttons work for 2 min. "
        "⚠️ Would be lost: the query that is running (pid 4722) and uncommitted writes (pid 4730). "
        "⚠️ Pid 4722 looks in use: a query is running (5 min so far). "
        "⚠️ Pid 4730 looks in use: a transaction is open (31 min so far). "
        "To stop only the query: `/pgkill alice 4722 --cancel on class`. "
        "Pid 4711 (`pgAdmin 4 - DB:shop`, idle for 3 h 5 min). Pid 4722 (psql, active for 5 min). "
        "Pid 4730 (`DBeaver 24.1 - Main &lt;shop&gt;`, idle in transaction for 30 min, uncommitted writes)."
    )
    assert "a query has been running since" in shown(message)
    assert "Reason given: `exam &lt;!here&gt;`" in shown(message)
    assert faults(message) == []


def test_its_two_buttons_carry_the_opaque_id_and_nothing_else() -> None:
    message = rendered(a_reading(*five()), *five()[:2])
    assert [
        (button["text"]["text"], button.get("style"), button["action_id"], button["value"])
        for button in buttons(message)
    ] == [
        ("Terminate 2", "danger", ids.TERMINATE, "p-3f9c"),
        ("Cancel", None, ids.WITHDRAW, "p-3f9c"),
    ]


def test_one_connection_is_simply_terminated() -> None:
    message = rendered(a_reading(*five()), five()[0])
    assert buttons(message)[0]["text"]["text"] == "Terminate"
    assert message.text.startswith("End 1 connection of alice on class?")
    assert "No query is running and no open transaction has anything to lose." in message.text


def test_an_open_transaction_without_writes_is_named_as_such() -> None:
    reader = a_backend(state=five()[4].state, since=20, transaction=21)
    assert "an open transaction that has written nothing yet (pid 4711)" in rendered(a_reading(reader), reader).text


def test_what_is_not_seen_is_said_to_be_unknown_and_never_guessed() -> None:
    quiet, writing = an_unseen_backend(1), an_unseen_backend(2, queried=1, wrote=True)
    reading = a_reading(quiet, writing, tells_states=False)
    both, one = rendered(reading, quiet, writing).text, rendered(reading, quiet).text
    unknown = "Whether a query is running the server does not show the bot"
    assert "Would be lost: uncommitted writes (pid 2)." in both
    assert f"{unknown} (pids 1 and 2): one that is would be lost too." in both
    assert "Pid 2 looks in use: it did something 1 min ago." in both
    assert f"No uncommitted writes are seen. ❔ {unknown} (pid 1)" in one
    assert "No query is running" not in both + one


def test_what_will_not_be_ended_is_named_with_the_reason_and_whom_to_ask() -> None:
    refused = (Refused(99, WhyNot.NO_SUCH), Refused(98, WhyNot.POOLER, a_backend(98)), Refused(97, WhyNot.NO_SUCH))
    told = rendered(a_reading(*five()), five()[0], refused=refused).text
    assert (
        "Will not be ended: pids 99 and 97: there is no such connection of alice: it may have ended by itself." in told
    )
    assert (
        "Will not be ended: pid 98: it is a pooler's: to end it frees nothing, and it may carry other people's work."
        in told
    )
    assert "Close it in the program that uses the pooler." in told


@pytest.mark.parametrize(
    ("count", "name"),
    [*((count, "psql") for count in (1, 5, 16, 100, 2000)), *((count, name) for count in (5, 100) for name in NAMES)],
)
def test_every_confirmation_is_within_slacks_limits_and_names_every_pid_it_can(count: int, name: str) -> None:
    reading = many(count, name)
    message = rendered(reading, *reading.clients, reason=name * 9)
    assert faults(message) == []
    told = shown(message)
    named = sum(1 for backend in reading.clients if str(backend.pid) in told)
    assert named >= min(count, bulk.PIDS)
    label = "Terminate" if count == 1 else f"Terminate {count:,}"
    # Where no reason is given and something is in use, the button asks for one.
    lacking = not name and any(backend.state.works for backend in reading.clients)
    assert buttons(message)[0]["text"]["text"] == (f"{label}\u2026" if lacking else label)


def test_of_many_those_alike_stand_together_behind_those_that_lose_something() -> None:
    idle = [
        a_backend(pid, since=pid % 7 + 10, application_name="psql" if pid % 3 else "DBeaver <x>")
        for pid in range(100, 130)
    ]
    busy = [an_active_backend(7), an_active_backend(8)]
    message = rendered(a_reading(*idle, *busy), *idle, *busy)
    sections = [block["text"]["text"] for block in message.blocks if block["type"] == "section"]
    assert sections[0] == "*End 32 connections of alice on class?*"
    assert "Would be lost: the query that is running (pids 7 and 8)" in sections[1]
    assert "pid 7 · since" in sections[2]
    assert "pid 8 · since" in sections[2]
    some = ", ".join(str(one.pid) for one in idle if one.application_name == "psql")
    more = ", ".join(str(one.pid) for one in idle if one.application_name != "psql")
    assert sections[3] == (
        f"*20* × `psql` · ⚪ idle for 10 min to 16 min · from `10.0.0.5`: pids {some}\n\n"
        f"*10* × `DBeaver &lt;x&gt;` · ⚪ idle for 10 min to 16 min · from `10.0.0.5`: pids {more}"
    )
    assert faults(message) == []


def test_of_very_many_kinds_the_small_ones_stand_together_and_pids_without_room_are_counted() -> None:
    several = [a_backend(pid, application_name=f"program {pid % 20}") for pid in range(1000, 1400)]
    lines = bulk.groups(a_proposal(*several).targets, a_reading().at)
    assert len(lines) == bulk.GROUPS + 1
    assert lines[-1].startswith("*160* others: pids ")
    assert lines[-1].endswith("and 100 more")
    one = bulk.groups(a_proposal(*several[:1]).targets, a_reading().at)
    assert one[0].endswith(": pid 1000")


def test_who_asked_for_a_hundred_is_answered_for_each_and_of_more_they_are_counted() -> None:
    refused = tuple(Refused(pid, WhyNot.NO_SUCH) for pid in range(1000, 1150))
    clause = reasons.refused(refused, "alice", str)[0]
    assert "1099 and 50 more: there is no such connection" in clause
    assert "and 1099: there is no such" in reasons.refused(refused[:100], "alice", str)[0]


def test_many_in_use_are_counted() -> None:
    running = [an_active_backend(pid) for pid in range(1, 41)]
    message = rendered(a_reading(*running), *running)
    assert "⚠️ 25 more look in use." in message.text
    assert "the query that is running (pids 1, 2," in message.text
    assert "and 20 more)" in message.text
    assert faults(message) == []


def nothing(*refused: Refused, reading: Reading | None = None, ask: str | None = None) -> Message:
    found = NothingToEnd(reading or a_reading(*five()), refused, ask)
    return confirmation.render_nothing(found, zone=NEW_YORK, names=NAMED)


def test_nothing_to_end_says_why_and_where_to_look() -> None:
    message = nothing(Refused(99, WhyNot.NO_SUCH))
    assert message.text == (
        "Nothing to end. See what is there: `/pgconns alice on class`. "
        "Pid 99: there is no such connection of alice: it may have ended by itself. "
        "alice at 07:00: 5 of 5 connections — alice cannot open another."
    )
    assert not buttons(message)


def test_no_strays_is_no_reproach() -> None:
    assert "None of its connections looks stray. Being idle is fine by itself" in nothing().text
    assert "Nobody is connected." in nothing(reading=a_reading()).text


@pytest.mark.parametrize(
    ("why", "said", "way_on"),
    [
        (WhyNot.NO_SUCH, "there is no such connection of alice", ""),
        (WhyNot.NOT_CLIENT, "a helper process of the server", "End the connection it works for."),
        (WhyNot.OWN, "this bot's own connection", ""),
        (WhyNot.SUPERUSER, "alice is a superuser", "Ask `dba@example.edu`."),
        (WhyNot.REPLICATION, "alice may replicate the server", "Ask `dba@example.edu`."),
        (WhyNot.SERVICE, "alice is a service account", "Ask `dba@example.edu`."),
        (WhyNot.NOT_STUDENT, "alice is no student's role", "Ask `dba@example.edu`."),
        (WhyNot.POOLER, "it is a pooler's", "Close it in the program that uses the pooler."),
        (WhyNot.UNKNOWN_STATE, "does not show the bot what it is doing", ""),
    ],
)
def test_every_reason_has_its_words_and_its_way_on(why: WhyNot, said: str, way_on: str) -> None:
    message = nothing(Refused(4711, why), ask="dba@example.edu")
    assert said in message.text
    assert way_on in message.text
    assert faults(message) == []


def test_without_anybody_configured_to_ask_it_says_who_would_know() -> None:
    assert "Ask whoever runs the server." in nothing(Refused(1, WhyNot.SERVICE)).text


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_in_a_refusal_are_harmless(name: str) -> None:
    reading = a_reading(a_backend(role=name, application_name=name), role=a_role(name, student=False, service=True))
    refused = tuple(Refused(pid, WhyNot.SERVICE) for pid in range(1, 101))
    assert faults(nothing(*refused, reading=reading, ask=name)) == []


@pytest.mark.parametrize(
    ("capacity", "told"),
    [
        (a_capacity(used=5), ""),
        (a_capacity(used=6), ""),
        (a_capacity(used=7), "alice (7 of 5) takes one more only when 3 have ended"),
        (a_capacity(used=5, server_used=98), ""),
        (a_capacity(used=5, server_used=99), "the server class (99 of 97 slots) takes one more only when 3 have ended"),
        (
            a_capacity(used=2, server_used=99, at_least=True),
            "the server class (at least 99 of 97 slots) takes one more only when at least 3 have ended",
        ),
    ],
)
def test_it_is_said_before_the_click_when_the_end_of_these_lets_nobody_in(capacity: Capacity, told: str) -> None:
    message = rendered(replace(a_reading(*five()), capacity=capacity), *five()[:2])
    warning = "That lets nobody in yet"
    assert (warning in message.text, warning in shown(message)) == (bool(told), bool(told))
    assert told in message.text
    assert faults(message) == []
