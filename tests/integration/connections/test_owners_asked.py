"""Going on when the owners' time is over: with facts, or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.access.ownership import Ownership
from bot.connections.consent import NOBODY_ANSWERS_FOR, OwnersAsked
from bot.connections.owners_told import OwnersTold
from bot.connections.proposing import Meant, Proposing
from bot.errors import ServerUnavailable
from bot.incidents.asking import Asking
from bot.incidents.history import History
from bot.incidents.letters import News
from bot.incidents.proposal import Consent, Proposal, State
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from tests import builders
from tests.builders import NOON, a_backend, a_reading, a_role, a_target
from tests.own_database import AT_COMMAND_LINE

WAIT = timedelta(minutes=15)


@dataclass
class Postman:
    """Keeps what was sent instead of sending it."""

    sent: list[tuple[str, News]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    async def send(self, person: str, news: News, proposal: Proposal) -> bool:
        if (person, news) not in self.sent:
            self.sent.append((person, news))
        return bool(proposal.id)

    async def close_questions(self, proposal: Proposal) -> None:
        self.closed.append(str(proposal.state))


class Silent(Proposing):
    """A server that does not answer."""

    def __init__(self) -> None:
        pass

    async def afresh(self, proposal: Proposal) -> Meant | None:
        raise ServerUnavailable(proposal.server, "unreachable")


class Seeing(Silent):
    """A server that shows one connection, or that the role is not there."""

    def __init__(self, *, there: bool = True) -> None:
        self.there = there

    async def afresh(self, proposal: Proposal) -> Meant | None:
        return Meant(a_reading(server=proposal.server), (a_target(a_backend(1)),), (), {}) if self.there else None


@pytest.fixture
async def proposal(own_database: OwnDatabase, record: Record) -> Proposal:
    """tom's, about a role of alice's."""
    await Ownership(own_database, record).own(AT_COMMAND_LINE, "UALICE", server="class", role=a_role(), now=NOON)
    draft = builders.a_proposal(a_backend(1), team="T1", requester="UTOM", state=State.WAITING)
    asked = replace(draft, consent=Consent.ASKED, lapses_at=NOON + WAIT)
    return await History(own_database, record).propose(asked)


@asynccontextmanager
async def looking(
    url: str, record: Record, proposing: Proposing, postman: Postman, *, ahead: timedelta = timedelta(0)
) -> AsyncIterator[OwnersAsked]:
    """One process, by whose own database's clock it is later."""
    async with OwnDatabase(url, ahead=ahead) as database:
        ownership, history = Ownership(database, record), History(database, record)
        told = OwnersTold(ownership, postman, "ask")
        yield OwnersAsked(Asking(database, record), history, proposing, ownership, told)


async def state(database: OwnDatabase, record: Record, proposal: Proposal) -> State:
    found = await History(database, record).get(proposal.team, proposal.id)
    assert found is not None
    return found.state


async def test_a_server_that_is_silent_when_time_is_over_is_waited_for_and_then_no_more(
    own_database: OwnDatabase, migrated_url: str, record: Record, proposal: Proposal
) -> None:
    postman = Postman()
    async with looking(migrated_url, record, Silent(), postman) as asked:
        await asked.look()
        assert postman.sent == [("UALICE", News.QUESTION)]
    async with looking(migrated_url, record, Silent(), postman, ahead=WAIT) as asked:
        await asked.look()
        assert await state(own_database, record, proposal) is State.WAITING
    async with looking(migrated_url, record, Silent(), postman, ahead=WAIT + NOBODY_ANSWERS_FOR) as asked:
        await asked.look()

    assert await state(own_database, record, proposal) is State.LAPSED
    assert postman.sent == [("UALICE", News.QUESTION), ("UTOM", News.NOTHING_LEFT)]
    assert postman.closed == ["lapsed"]


async def test_a_role_that_is_not_there_any_more_is_asked_about_no_more(
    own_database: OwnDatabase, migrated_url: str, record: Record, proposal: Proposal
) -> None:
    postman = Postman()
    async with looking(migrated_url, record, Seeing(there=False), postman, ahead=WAIT) as asked:
        await asked.look()
        assert await asked.look() == 0
    assert await state(own_database, record, proposal) is State.LAPSED
    assert postman.sent == [("UTOM", News.NOTHING_LEFT)]


async def test_whoever_asked_is_told_by_the_next_process_too_and_what_lapses_takes_its_question_back(
    own_database: OwnDatabase, migrated_url: str, record: Record, proposal: Proposal
) -> None:
    first, second = Postman(), Postman()
    async with looking(migrated_url, record, Seeing(), first, ahead=WAIT) as asked:
        await asked.look()
        assert first.sent == [("UTOM", News.UNANSWERED)]
    async with looking(migrated_url, record, Seeing(), second, ahead=WAIT) as asked:
        # As if the first had not lived to send it.
        await asked.look()
        assert second.sent == [("UTOM", News.UNANSWERED)]
        assert await asked.lapse() == ()
    async with looking(migrated_url, record, Seeing(), second, ahead=2 * WAIT) as asked:
        assert [one.id for one in await asked.lapse()] == [proposal.id]
    assert second.closed == ["lapsed"]
    assert await state(own_database, record, proposal) is State.LAPSED
