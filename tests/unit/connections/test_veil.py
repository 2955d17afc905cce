"""Co-owners tell addresses apart, and learn none."""

from dataclasses import replace

from bot.connections.veil import veil_alone, veil_over
from bot.incidents.proposal import Kind
from tests.builders import a_backend, a_client, a_pooled, a_proposal, a_reading

OLD = a_backend(1, started=90, client_address="198.51.100.7")
NEW = a_backend(2, started=5, client_address="203.0.113.9")
ALSO_OLD = a_backend(3, started=60, client_address="198.51.100.7")
LOCAL = a_backend(4, client_address=None)


def test_the_oldest_comes_from_a_and_the_same_address_is_the_same_letter() -> None:
    reading = a_reading(NEW, LOCAL, ALSO_OLD, OLD)

    shown = veil_over(reading).reading(reading)

    assert {backend.pid: backend.client_address for backend in shown.backends} == {
        1: "address A",
        2: "address B",
        3: "address A",
        4: None,
    }
    assert [replace(one, client_address=None) for one in shown.backends] == [
        replace(one, client_address=None) for one in reading.backends
    ]


def test_letters_do_not_run_out() -> None:
    backends = [a_backend(pid, started=1000 - pid, client_address=f"10.0.{pid}.1") for pid in range(1, 60)]
    names = veil_over(a_reading(*backends)).names
    assert [names[f"10.0.{pid}.1"] for pid in (1, 26, 27, 28, 53)] == [
        *("address A", "address Z", "address AA", "address AB", "address BA"),
    ]


def test_a_proposal_and_a_pooler_s_clients_have_the_letters_of_the_reading() -> None:
    reading, proposal = a_reading(OLD, NEW), a_proposal(NEW, OLD)
    pooled = a_pooled(
        a_client(17, address="203.0.113.9"), a_client(18, address="2001:db8::1"), a_client(19, address=None)
    )
    veil = veil_over(reading, (client.address for client in pooled.clients))

    assert [target.client_address for target in veil.proposal(proposal).targets] == ["address B", "address A"]
    assert [client.address for client in veil.pooled(pooled).clients] == ["address B", "address C", None]


def test_what_is_not_known_is_not_told_either() -> None:
    strange = a_proposal(a_backend(9, client_address="192.0.2.1"))
    assert veil_over(a_reading(OLD)).proposal(strange).targets[0].client_address == "another address"


def test_a_pooler_s_client_keeps_its_port() -> None:
    backends = (a_backend(17, client_address="[2001:db8::1]:5000"), a_backend(18, client_address="10.0.0.7:51234"))
    shown = veil_alone(proposal := a_proposal(*backends, kind=Kind.CLIENT)).proposal(proposal)
    assert [target.client_address for target in shown.targets] == ["address A:5000", "address B:51234"]
