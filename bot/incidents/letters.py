"""Direct messages about proposals to people who do not wait for the answer; `slack.letters` writes them."""

from enum import StrEnum
from typing import Protocol

from bot.incidents.proposal import Proposal


class News(StrEnum):
    """What somebody is told of a proposal by a direct message of its own."""

    QUESTION = "question"
    """To an owner: may it be ended?"""
    ENDED = "ended"
    """To an owner: what was ended, by whom, why, and how to stop it happening."""
    UNANSWERED = "unanswered"
    """To whoever asked: no owner answered; with the button to go on."""
    NOTHING_LEFT = "nothing_left"
    """To whoever asked: there is nothing left to ask about."""
    TAKEN_OVER = "taken_over"
    """To whoever asked first: an owner closes it."""
    CAME_OF_IT = "came_of_it"
    """To whoever asked first: what became of it then."""


class Letters(Protocol):
    """Writes to people about proposals that are not theirs, or not any more; never raises for one who cannot be reached."""

    async def send(self, person: str, news: News, proposal: Proposal) -> bool:
        """Tell one person one thing about a proposal, once, whoever sends it; false: not yet, try again later."""

    async def close_questions(self, proposal: Proposal) -> None:
        """Put what became of it in the place of each question that needs no answer any more."""
