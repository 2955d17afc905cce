"""`/connbot summary`, and the button of a summary that shows names."""

from datetime import tzinfo

from bot.access.member import Standing
from bot.slack.announcer import Announcer
from bot.slack.blocks import summary
from bot.slack.blocks.text import Message
from bot.slack.call import Call
from bot.slack.payloads import read_about_week
from bot.slack.subcommands import CONNBOT, Summary
from bot.slack.words import Problem, wrong
from bot.summaries.summaries import Summaries


class SummaryListener:
    """Answers whoever asks alone."""

    def __init__(self, summaries: Summaries, announcer: Announcer, zone: tzinfo) -> None:
        self._summaries = summaries
        self._announcer = announcer
        self._zone = zone

    async def answer(self, request: Summary, call: Call, standing: Standing) -> Message:
        """Answer the command; raises `UsageError` for a week that has not begun."""
        if request.week is not None and request.week.begins(self._zone) > call.at:
            raise wrong(CONNBOT, Problem.FUTURE_WEEK, str(request.week))
        told = await self._summaries.show(standing, request.week, request.server, now=call.at)
        return summary.render(told, zone=self._zone, now=call.at)

    async def on_names(self, call: Call, standing: Standing) -> None:
        """Button **Show the roles**."""
        server, week = read_about_week(call.text)
        figures = await self._summaries.names(standing, week, server, now=call.at)
        await self._announcer.answer(call.place, call.actor, summary.render_names(figures))
