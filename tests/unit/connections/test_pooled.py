from typing import Any

import pytest

from bot.connections.plan import Chosen, Refused, TerminateRequest, Which, WhyNot
from bot.connections.pooled import choose_clients
from bot.incidents.proposal import Kind
from bot.servers.pooled import ClientState
from tests.builders import a_backend, a_client, a_pooled, a_reading, a_role, minutes


def a_request(*chosen: Chosen) -> TerminateRequest:
    return TerminateRequest("alice", chosen, kind=Kind.CLIENT)


def test_clients_are_answered_once_in_the_order_given() -> None:
    one, other = a_client(17), a_client(18)
    request = a_request(Chosen(18), Chosen(99), Chosen(17), Chosen(18))
    plan = choose_clients(request, a_reading(), a_pooled(one, other))
    assert [target.id.pid for target in plan.targets] == [18, 17]
    assert plan.refused == (Refused(99, WhyNot.NO_SUCH_CLIENT),)


def test_a_number_given_anew_is_not_what_was_picked_from_a_list() -> None:
    client = a_client(17)
    plan = choose_clients(a_request(Chosen(17, client.connected_at - minutes(1))), a_reading(), a_pooled(client))
    assert (plan.targets, plan.refused) == ((), (Refused(17, WhyNot.NO_SUCH_CLIENT),))
    assert choose_clients(a_request(Chosen(17, client.connected_at)), a_reading(), a_pooled(client)).targets


def test_all_are_those_that_have_a_number() -> None:
    clients = a_client(17), a_client(None), a_client(18)
    plan = choose_clients(TerminateRequest("alice", which=Which.ALL, kind=Kind.CLIENT), a_reading(), a_pooled(*clients))
    assert ([target.id.pid for target in plan.targets], plan.refused) == ([17, 18], ())


def test_a_pid_is_no_client_s_number() -> None:
    client = a_client(17, ClientState.ACTIVE, backend_pid=4711)
    plan = choose_clients(a_request(Chosen(4711)), a_reading(a_backend(4711)), a_pooled(client))
    assert plan.targets == ()


@pytest.mark.parametrize(
    ("role", "why"),
    [
        ({"superuser": True}, WhyNot.SUPERUSER),
        ({"replication": True}, WhyNot.REPLICATION),
        ({"service": True}, WhyNot.SERVICE),
        ({"student": False}, WhyNot.NOT_STUDENT),
    ],
)
def test_the_clients_of_whom_nothing_is_ended_are_refused(role: dict[str, Any], why: WhyNot) -> None:
    plan = choose_clients(a_request(Chosen(17), Chosen(99)), a_reading(role=a_role(**role)), a_pooled(a_client(17)))
    assert (plan.targets, plan.refused) == ((), (Refused(17, why), Refused(99, why)))
