"""Poolers in words: what hints at one that is not configured, and the client's side of one that is."""

from collections.abc import Iterable

from bot.servers.backend import Backend
from bot.slack.blocks.connection import ADDRESS_WIDTH
from bot.slack.blocks.text import code, plural

MANY_NEIGHBOURS = 5
"""Other roles from one address; so many are no household any more."""


def crowded(backends: Iterable[Backend]) -> list[str]:
    """Say from which address many other roles come too: how many, and never which; a hint, which forbids nothing."""
    crowds = {
        backend.client_address: backend.neighbours
        for backend in backends
        if backend.is_client and not backend.pooler and backend.neighbours >= MANY_NEIGHBOURS
    }
    if not crowds:
        return []
    address = max(crowds, key=lambda one: crowds[one])
    place = code(address, ADDRESS_WIDTH) if address else "the server's own machine"
    more = f", and many from {plural(len(crowds) - 1, 'more address', 'more addresses')}" if len(crowds) > 1 else ""
    which = "a shared computer, or a pooler that is not configured"
    return [f"{crowds[address]:,} other roles come from {place} too{more}: {which}."]
