"""Clients that reconnect by themselves: their connections cannot be freed from the server's side."""

from collections.abc import Iterable

from bot.incidents.proposal import USUAL, Kind, Proposal, Waits
from bot.servers.backend import Backend
from bot.servers.server import Verdict


def can_come_back(ended: Proposal) -> bool:
    """Whether it was the end of backends, whose clients may reconnect by themselves."""
    return ended.kind is Kind.TERMINATE


def came_back(ended: Proposal, clients: Iterable[Backend], waits: Waits = USUAL) -> tuple[int, ...]:
    """The pids of `clients` that began after the claim with the program and address of a backend that was terminated then.

    Each terminated backend explains one of them; none where no backend was to end. The claim's time is the server's, from the deadline.
    """
    if ended.deadline is None or not can_come_back(ended):
        return ()
    claimed_at = ended.deadline - waits.claim_holds_for
    terminated = {outcome.backend for outcome in ended.outcomes if outcome.verdict is Verdict.TERMINATED}
    missing = [(t.application_name, t.client_address) for t in ended.targets if t.id in terminated]
    pids = []
    for client in sorted(clients, key=lambda backend: backend.started_at):
        kind = (client.application_name, client.client_address)
        if client.started_at > claimed_at and kind in missing:
            missing.remove(kind)
            pids.append(client.pid)
    return tuple(pids)
