"""The clients of a server's pooler: which a request means, their end, and whether they are there."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clock import stopwatch
from bot.connections.plan import Chosen, Refused, TerminateRequest, Which, WhyNot, protects
from bot.errors import PoolerUnavailable, ServerUnavailable
from bot.incidents.proposal import Proposal
from bot.servers.backend import BackendId
from bot.servers.fleet import Fleet
from bot.servers.pgbouncer import Console
from bot.servers.pooled import PooledReading, client_target
from bot.servers.server import Presence, Reading, Target, Verdict, Verdicts


@dataclass(frozen=True, slots=True)
class ClientPlan:
    """What a request comes to: the clients to propose, and the refused ones with the reason."""

    targets: tuple[Target, ...]
    refused: tuple[Refused, ...]


def choose_clients(request: TerminateRequest, reading: Reading, pooled: PooledReading) -> ClientPlan:
    """Find the clients that `request` means by their numbers, each once, in the order given; or all of them, oldest first."""
    why = protects(reading.role)
    backends = {backend.pid: backend for backend in reading.backends}
    clients = {client.number: client for client in pooled.clients if client.number is not None}
    targets: list[Target] = []
    refused: list[Refused] = []
    every = (Chosen(number, client.connected_at) for number, client in clients.items())
    for one in every if request.which is Which.ALL else dict.fromkeys(request.chosen):
        client = clients.get(one.pid)
        if why is not None:
            refused.append(Refused(one.pid, why))
        elif client is None or one.started_at not in (None, client.connected_at):
            refused.append(Refused(one.pid, WhyNot.NO_SUCH_CLIENT))
        else:
            targets.append(client_target(client, pooled, reading.role, backends))
    return ClientPlan(tuple(targets), tuple(refused))


class Pooled:
    """The clients behind the poolers of the fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def meant(self, request: TerminateRequest, reading: Reading) -> ClientPlan:
        """Look which clients `request` means; raises `PoolerUnavailable`, also where the pooler can end none."""
        pooled = await self._console(reading.server).look(reading.role.name)
        if not pooled.can_end:
            raise PoolerUnavailable(reading.server, "old")
        return choose_clients(request, reading, pooled)

    async def end(self, claimed: Proposal) -> Verdicts:
        """End what a claimed proposal shows, nothing that changed since, and nothing past its deadline.

        The deadline is by the server's clock, which is read first; from then on our own stopwatch tells how much of it is left.
        `PoolerUnavailable` leaves open what was ended.
        """
        if claimed.deadline is None:
            message = "a claim has a deadline"
            raise ValueError(message)
        began = stopwatch()
        try:
            reading = await self._fleet.choose(claimed.server).read(claimed.role)
        except ServerUnavailable:
            return _all(claimed, Verdict.FAILED, "server_silent")
        if reading is None or reading.role.oid != claimed.role_oid:
            return _all(claimed, Verdict.ALREADY_GONE)
        if (why := protects(reading.role)) is not None:
            return _all(claimed, Verdict.REFUSED, why)
        left = (claimed.deadline - reading.at).total_seconds()
        backends = {backend.pid: backend for backend in reading.backends}
        console = self._console(claimed.server)
        return await console.end(claimed.targets, backends, in_time=lambda: stopwatch() - began < left)

    async def presence(self, proposal: Proposal) -> Mapping[BackendId, Presence]:
        """Which of a proposal's clients there are now; raises `PoolerUnavailable`."""
        return await self._console(proposal.server).presence(proposal.role, [target.id for target in proposal.targets])

    def _console(self, server: str) -> Console:
        console = self._fleet.console(server)
        if console is None:
            raise PoolerUnavailable(server, "none")
        return console


def _all(proposal: Proposal, verdict: Verdict, detail: str = "") -> Verdicts:
    ids = [target.id for target in proposal.targets]
    return Verdicts(dict.fromkeys(ids, verdict), dict.fromkeys(ids, detail) if detail else {})
