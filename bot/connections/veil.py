"""Addresses as the owners of a shared role see them: one from another, and not where anybody sits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from string import ascii_uppercase

from bot.incidents.proposal import Kind, Proposal
from bot.servers.backend import Backend
from bot.servers.pooled import PooledReading
from bot.servers.server import Reading, Target


@dataclass(frozen=True, slots=True)
class Veil:
    """What each address is called; one that is not known is called nothing in particular."""

    names: Mapping[str, str]

    def reading(self, reading: Reading) -> Reading:
        """A role's connections with the names instead of addresses."""
        return replace(reading, backends=tuple(self._backend(backend) for backend in reading.backends))

    def proposal(self, proposal: Proposal) -> Proposal:
        """A proposal's connections likewise; only to be shown."""
        targets = (replace(one, client_address=self._place(one, proposal.kind)) for one in proposal.targets)
        return replace(proposal, targets=tuple(targets))

    def pooled(self, pooled: PooledReading) -> PooledReading:
        """A pooler's clients likewise."""
        clients = (replace(client, address=self._name(client.address)) for client in pooled.clients)
        return replace(pooled, clients=tuple(clients))

    def _backend(self, backend: Backend) -> Backend:
        return replace(backend, client_address=self._name(backend.client_address))

    def _name(self, address: str | None) -> str | None:
        return None if address is None else self.names.get(address, "another address")

    def _place(self, target: Target, kind: Kind) -> str | None:
        """A pooler's client is kept with its port, which tells nothing but one client from another."""
        host = _host(target, kind)
        if kind is not Kind.CLIENT or target.client_address is None:
            return self._name(host)
        return f"{self._name(host)}:{target.client_address.rpartition(':')[2]}"


def veil_over(reading: Reading, further: Iterable[str | None] = ()) -> Veil:
    """Name the addresses of a role's connections and further ones: A is where the oldest comes from."""
    oldest = sorted(reading.backends, key=lambda backend: (backend.started_at, backend.pid))
    return _veil([*(backend.client_address for backend in oldest), *further])


def veil_alone(proposal: Proposal) -> Veil:
    """Name the addresses of a proposal's connections in the order in which they are shown."""
    return _veil(hosts(proposal))


def hosts(proposal: Proposal) -> list[str | None]:
    """The addresses that a proposal's connections come from."""
    return [_host(target, proposal.kind) for target in proposal.targets]


def _host(target: Target, kind: Kind) -> str | None:
    if kind is not Kind.CLIENT or target.client_address is None:
        return target.client_address
    return target.client_address.rpartition(":")[0].strip("[]")


def _veil(addresses: Iterable[str | None]) -> Veil:
    found = dict.fromkeys(address for address in addresses if address is not None)
    return Veil({address: f"address {_letters(number)}" for number, address in enumerate(found)})


def _letters(number: int) -> str:
    """Return A for 0, B for 1, AA after Z."""
    more, last = divmod(number, len(ascii_uppercase))
    return (_letters(more - 1) if more else "") + ascii_uppercase[last]
