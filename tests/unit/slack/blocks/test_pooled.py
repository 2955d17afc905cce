from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from bot.access.member import Right
from bot.connections.ending import Ended, NothingToEnd, Preview, Unsettled
from bot.connections.plan import Refused, WhyNot
from bot.errors import PoolerUnavailable
from bot.incidents.event import Event, EventBackend
from bot.incidents.proposal import Kind, Outcome, State
from bot.incidents.timeline_values import Page, Question
from bot.servers.backend import BackendState
from bot.servers.pooled import ClientState, PooledClient, PooledReading, client_target
from bot.servers.server import Presence, Verdict
from bot.slack import ids
from bot.slack.blocks import confirmation, history, listing, outcome, pooled, settled
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.payloads import read_close_client
from tests.block_rules import buttons, faults, strings
from tests.builders import (
    NOON,
    a_backend,
    a_client,
    a_pooled,
    a_proposal,
    a_reading,
    a_role,
)
from tests.hostile import NAMES
from tests.listings import a_listing, an_entry


def test_many_other_roles_from_one_address_are_counted_and_not_named() -> None:
    (said,) = pooled.crowded([a_backend(1, neighbours=18), a_backend(2, neighbours=18)])
    assert said == ("18 other roles come from `10.0.0.5` too: a shared computer, or a pooler that is not configured.")


def test_the_most_crowded_of_several_addresses_is_named() -> None:
    crowds = {"10.0.0.5": 7, "10.0.0.6": 9, None: 6, "10.0.0.7": 4}
    backends = [a_backend(at, client_address=one, neighbours=crowds[one]) for at, one in enumerate(crowds, 1)]
    (said,) = pooled.crowded(backends)
    assert said.startswith("9 other roles come from `10.0.0.6` too, and many from 2 more addresses: ")


def test_the_server_s_own_machine_may_be_the_shared_computer() -> None:
    (said,) = pooled.crowded([a_backend(client_address=None, neighbours=1200)])
    assert said.startswith("1,200 other roles come from the server's own machine too: ")


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(a_backend(neighbours=pooled.MANY_NEIGHBOURS - 1), id="a household"),
        pytest.param(a_backend(neighbours=50, pooler=True), id="a pooler that is configured"),
        pytest.param(a_backend(neighbours=50, backend_type="walsender"), id="no client"),
    ],
)
def test_nothing_is_hinted_at(backend: object) -> None:
    assert pooled.crowded([backend]) == []  # type: ignore[list-item]  # parametrize loses the type


@pytest.mark.parametrize("right", [Right.OWNER, Right.RESPONDER])
def test_the_hint_stands_in_the_listing_and_leaves_the_buttons(right: Right) -> None:
    crowd, alone = (
        listing.render(
            a_listing(an_entry(a_reading(a_backend(neighbours=count)), right)), zone=UTC, names=CommandNames()
        )
        for count in (18, 0)
    )
    assert any("18 other roles come from `10.0.0.5` too" in said for said in strings(crowd))
    assert [block["type"] for block in crowd.blocks] == [block["type"] for block in alone.blocks]
    assert faults(crowd) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_address_is_data(name: str) -> None:
    message = listing.render(
        a_listing(an_entry(a_reading(a_backend(client_address=name, neighbours=9)))),
        zone=UTC,
        names=CommandNames(),
    )
    assert faults(message) == []


# The client's side.

NAMED = CommandNames()
BACKEND = a_backend(4711, pooler=True, state=BackendState.IDLE_IN_TRANSACTION, since=3, transaction=4, wrote=True)


def listed(
    found: PooledReading | PoolerUnavailable, *backends: Any, right: Right = Right.OWNER, **role: Any
) -> Message:
    entry = replace(an_entry(a_reading(*backends, role=a_role(**role)), right), pooled=found)
    message = listing.render(a_listing(entry), zone=UTC, names=NAMED)
    assert faults(message) == []
    return message


def shown(message: Message) -> str:
    return "\n".join(strings(message))


def closing(message: Message) -> list[Any]:
    return [button for button in buttons(message) if button["action_id"] == ids.CLOSE_CLIENT]


def test_each_client_is_shown_with_what_it_is_at_and_a_button() -> None:
    clients = (
        a_client(19, since=7),
        a_client(17, ClientState.ACTIVE, backend_pid=4711),
        a_client(18, ClientState.WAITING, since=0.2, address=None, application_name=""),
    )
    message = listed(a_pooled(*clients), BACKEND)
    assert "At the pooler: 3 clients (1 with a slot, 1 waiting, 1 idle)." in message.text
    sections = [block["text"]["text"] for block in message.blocks if block.get("accessory")]
    assert [section.partition(" \u00b7 since")[0] for section in sections] == [
        "`psql` \u00b7 client 17",
        "unnamed client \u00b7 client 18",
        "`psql` \u00b7 client 19",
    ]
    assert [section.partition("\n")[2] for section in sections] == [
        "\U0001f7e0 *idle in transaction for 3 min* on pid 4711 \u00b7 \u26a0\ufe0f uncommitted writes \u00b7 in `shop`",
        "\u23f3 *waiting for a connection of the server for 12 s* \u00b7 in `shop`",
        "\u26aa *idle for 7 min* \u00b7 in `shop`",
    ]
    assert "from the pooler's own machine" in sections[1]
    assert "`/kill alice client 19 on class`" in shown(message)
    assert [button["accessibility_label"] for button in closing(message)] == [f"Close client {n}" for n in (17, 18, 19)]
    request = read_close_client(closing(message)[2]["value"])
    assert (request.kind, request.role, request.server) == (Kind.CLIENT, "alice", "class")
    assert [(one.pid, one.started_at) for one in request.chosen] == [(19, clients[0].connected_at)]


def test_of_pooled_sessions_alone_it_is_said_that_their_end_frees_nothing() -> None:
    said = shown(listed(a_pooled(a_client()), BACKEND))
    assert "None of these can be ended here: it is a pooler's: to end it frees nothing" in said
    assert "Close it in the program that uses the pooler." in said


def test_what_the_pooler_holds_and_is_not_configured_is_said() -> None:
    client = a_client(17, ClientState.ACTIVE, backend_pid=4711)
    unmarked = replace(BACKEND, pooler=False)
    said = "The pooler holds pid 4711, but its address is not configured: to end that frees nothing."
    assert said in shown(listed(a_pooled(client), unmarked))
    assert said not in shown(listed(a_pooled(client), BACKEND))
    assert said not in shown(listed(a_pooled(a_client()), unmarked))


def test_an_older_pooler_s_clients_have_no_button_and_the_way_on_is_said() -> None:
    message = listed(a_pooled(a_client(None), a_client(None)))
    assert closing(message) == []
    assert "cannot end a single client (PgBouncer can from 1.24 on): close it in its own program" in shown(message)
    assert "/kill" not in shown(message)


@pytest.mark.parametrize("role", [{"service": True}, {"superuser": True}, {"student": False}])
def test_the_clients_of_whom_nothing_is_ended_have_no_button(role: dict[str, Any]) -> None:
    message = listed(a_pooled(a_client()), **role)
    assert closing(message) == []
    assert "/kill" not in shown(message)


def test_nobody_at_the_pooler_is_said() -> None:
    message = listed(a_pooled())
    assert "At the pooler: no client of alice." in message.text
    assert closing(message) == []


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("unreachable", "cannot be reached"),
        ("deadline", "did not answer within 3 s"),
        ("rights", "admin_users"),
        ("refused", "refused the bot at its admin console (not allowed)"),
        ("unreadable", "answers as no admin console does"),
    ],
)
def test_why_the_clients_are_not_told_stands_beside_the_connections(why: str, said: str) -> None:
    message = listed(PoolerUnavailable("class", why, "not allowed"), a_backend())
    assert said in message.text
    assert "pid 4711" in shown(message)


def test_databases_that_lead_elsewhere_are_counted() -> None:
    assert "1 database of the pooler leads to another server" in shown(listed(a_pooled(elsewhere=1)))
    assert "3 databases of the pooler lead to another server" in shown(listed(a_pooled(elsewhere=3)))


@pytest.mark.parametrize("count", [1, 10, 11, 1000])
@pytest.mark.parametrize("sessions", [0, 40])
def test_many_clients_fit_beside_many_connections(count: int, sessions: int) -> None:
    clients = [
        a_client(number + 1, list(ClientState)[number % 3], application_name="&" * 63) for number in range(count)
    ]
    backends = [a_backend(number + 1, application_name="<" * 63) for number in range(sessions)]
    message = listed(a_pooled(*clients), *backends, right=Right.RESPONDER)
    hidden = count - len(closing(message))
    assert (f"{hidden:,} more client" in shown(message)) is (hidden > 0)
    assert sessions or len(closing(message)) == min(count, pooled.SHOWN)


def test_the_numbers_of_those_not_shown_are_listed() -> None:
    many = [a_client(number + 1, since=100 - number) for number in range(80)]
    assert f": 11, 12, 13, {', '.join(map(str, range(14, 61)))} and 20 more." in shown(listed(a_pooled(*many)))
    assert "70 more clients not shown: 11, 12, 13" in shown(listed(a_pooled(*many)))
    assert "not shown: 11." in shown(listed(a_pooled(*many[:11])))
    assert "1 more client not shown." in shown(listed(a_pooled(*(a_client(None) for _ in range(11)))))


@pytest.mark.parametrize("name", NAMES)
def test_what_clients_call_themselves_is_data(name: str) -> None:
    if "\ud800" not in name:  # what no console's answer is read as
        listed(a_pooled(a_client(application_name=name, database=name, address=name)), a_backend())


# Asked, done, undone.

CLIENT = a_client(17, ClientState.ACTIVE, backend_pid=4711)
TARGETS = tuple(
    client_target(client, a_pooled(client), a_role(), {4711: BACKEND})
    for client in (CLIENT, a_client(18), a_client(19, address=None))
)
ASKED = replace(a_proposal(kind=Kind.CLIENT), targets=TARGETS)


def ended(*ends: tuple[Verdict, str]) -> Message:
    outcomes = tuple(Outcome(target.id, *end[:1], NOON, end[1]) for target, end in zip(TARGETS, ends, strict=False))
    resolved = a_proposal(kind=Kind.CLIENT, state=State.RESOLVED)
    resolved = replace(resolved, targets=TARGETS[: len(ends)], outcomes=outcomes)
    message = settled.render_end(Ended(resolved, None), zone=UTC, names=NAMED)
    assert faults(message) == []
    assert "pid" not in message.text
    return message


def test_what_would_be_ended_is_called_a_client_and_what_it_loses_is_said() -> None:
    message = confirmation.render(
        Preview(ASKED, a_reading(BACKEND), (Refused(99, WhyNot.NO_SUCH_CLIENT),), {}), zone=UTC, names=CommandNames()
    )
    assert faults(message) == []
    assert message.text.startswith("End 3 clients of alice on class?")
    assert "uncommitted writes" in message.text
    assert "(client 17)" in message.text
    assert "client 99: the pooler has no such client of alice: it may have left by itself." in message.text
    assert "the pooler keeps its own to the server" in message.text
    assert "from the pooler's own machine" in shown(message)
    assert [button["text"]["text"] for button in buttons(message)] == ["Close 3 clients\u2026", "Cancel"]
    assert "pid" not in shown(message)


def proposed(*clients: PooledClient) -> Message:
    targets = tuple(client_target(client, a_pooled(client), a_role(), {}) for client in clients)
    preview = Preview(replace(ASKED, targets=targets), a_reading(), (), {})
    return confirmation.render(preview, zone=UTC, names=CommandNames())


@pytest.mark.parametrize("state", [ClientState.WAITING, ClientState.ACTIVE])
def test_of_a_client_for_which_no_session_is_seen_no_query_is_said_to_run(state: ClientState) -> None:
    message = proposed(a_client(17, state, since=5))
    assert "Would be lost: the answer that it waits for (client 17)." in message.text
    assert "Client 17 (psql, waiting for an answer for 5 min)." in message.text
    assert "\u23f3 *waiting for an answer for 5 min*" in shown(message)
    assert "running" not in message.text + shown(message)
    many = shown(proposed(*[a_client(1 + at, state, since=5) for at in range(40)]))
    assert "*25* \u00d7 `psql` \u00b7 \u23f3 waiting for an answer for 5 min" in many
    assert "active" not in many


def test_many_clients_of_one_machine_stand_together_whatever_their_ports() -> None:
    several = [a_client(1 + at, port=50000 + at) for at in range(40)]
    others = [a_client(101 + at, address="::1", port=50000 + at) for at in range(2)]
    text = shown(proposed(*several, *others, a_client(200, address="10.0.0.9"), a_client(201, address=None)))
    assert "*40* \u00d7 `psql` \u00b7 \u26aa idle for 5 min \u00b7 from `10.0.0.7`: clients 1, 2," in text
    assert "*2* \u00d7 `psql` \u00b7 \u26aa idle for 5 min \u00b7 from `::1`: clients 101, 102" in text
    assert "from `10.0.0.9:51234`: client 200" in text
    assert "from the pooler's own machine: client 201" in text


def test_none_of_the_clients_asked_for_is_said() -> None:
    nothing = NothingToEnd(a_reading(), (Refused(99, WhyNot.NO_SUCH_CLIENT),), None, Kind.CLIENT)
    message = confirmation.render_nothing(nothing, zone=UTC, names=NAMED)
    assert "Client 99: the pooler has no such client of alice" in message.text
    nothing = NothingToEnd(a_reading(BACKEND), (), None, Kind.CLIENT)
    assert "The pooler has no client of this role." in confirmation.render_nothing(nothing, zone=UTC, names=NAMED).text


@pytest.mark.parametrize("count", [100, 1000])
def test_many_clients_to_end_fit(count: int) -> None:
    name = "&" * 63
    clients = [a_client(number + 1, application_name=name, database=name, address=name) for number in range(count)]
    targets = tuple(client_target(client, a_pooled(client), a_role(), {}) for client in clients)
    message = confirmation.render(
        Preview(replace(ASKED, targets=targets), a_reading(), (), {}), zone=UTC, names=CommandNames()
    )
    assert faults(message) == []
    assert f"Close {count:,} clients" in shown(message)


def test_a_client_that_was_closed_is_told_with_what_that_means() -> None:
    message = ended((Verdict.TERMINATED, ""))
    assert "ended 1 client of alice on class" in message.text
    assert "client 17 (psql): closed by the pooler" in message.text
    assert outcome.KEEPS_ITS_OWN in message.text


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ((Verdict.ALREADY_GONE, ""), "gone already, not by this click"),
        ((Verdict.CHANGED, ""), "not closed, because it changed since it was shown"),
        ((Verdict.FAILED, "no_right"), "admin_users"),
        ((Verdict.FAILED, "console_silent"), "it was not told anything"),
        ((Verdict.FAILED, "server_silent"), "without its clock nothing is ended"),
        ((Verdict.FAILED, "pooler is shutting down"), "pooler is shutting down"),
        ((Verdict.REFUSED, "service"), "service account"),
        ((Verdict.INTERRUPTED, Presence.THERE), "still there"),
        ((Verdict.INTERRUPTED, Presence.GONE), "gone now, and nobody saw how"),
        ((Verdict.INTERRUPTED, ""), "the pooler did not tell whether it is there"),
    ],
)
def test_nothing_else_is_called_closed(end: tuple[Verdict, str], said: str) -> None:
    message = ended(end)
    assert said in message.text
    assert "closed by the pooler" not in message.text
    assert outcome.KEEPS_ITS_OWN not in message.text


def test_a_pooler_that_stopped_answering_is_named() -> None:
    message = settled.render_unsettled(Unsettled(ASKED), zone=UTC)
    assert "The pooler stopped answering while it was to end clients 17, 18 and 19 of alice on class" in message.text
    assert "as soon as the pooler answers" in message.text
    assert "the pooler is still at it" in outcome.render_progress(Kind.CLIENT).text


def test_history_calls_them_clients() -> None:
    backends = (EventBackend(17, NOON, "terminated"),)
    event = Event("7", "client_termination", "class", "alice", "resolved", "U0BOB", "", NOON, backends)

    message = history.render(Page((event,)), Question(), zone=UTC, now=NOON)
    assert "client 17 terminated" in message.text
    assert "pid" not in message.text
