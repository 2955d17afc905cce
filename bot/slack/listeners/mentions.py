"""Commands said to the bot by name: Slack knows no slash commands in threads."""

from dataclasses import replace

from bot.access.member import Standing
from bot.incidents.incident import Conversation
from bot.slack.announcer import Announcer
from bot.slack.blocks import usage
from bot.slack.call import Call
from bot.slack.commands import CommandNames
from bot.slack.listeners.conns import ConnsListener
from bot.slack.listeners.kill import KillListener
from bot.slack.listeners.staff import StaffListener

LONGEST_RESOLVE = 40
"""Characters; whoever says more than “resolve this incident, please” reports something."""


class MentionListener:
    """`@connbot resolve`, `conns`, `kill`, `help`: each answered in that thread, to whoever asked alone."""

    def __init__(
        self, conns: ConnsListener, kill: KillListener, staff: StaffListener, announcer: Announcer, names: CommandNames
    ) -> None:
        self._conns = conns
        self._kill = kill
        self._staff = staff
        self._announcer = announcer
        self._names = names

    async def on_mention(self, call: Call, standing: Standing, words: str, where: Conversation) -> bool:
        """Do what is said after the bot's name, as Slack sent it; false: it is no command."""
        first, rest = (*words.split(None, 1), "", "")[:2]
        command = self._meant(first)
        there = replace(call, name=first, text=rest)
        if command == "resolve" and len(rest) <= LONGEST_RESOLVE:
            await self._staff.resolve_here(there, standing, where)
        elif command == "conns":
            await self._staff.on_seen(call, standing, where)
            await self._conns.on_command(there, standing)
        elif command == "kill":
            await self._staff.on_seen(call, standing, where)
            await self._kill.on_command(there, standing)
        elif command == "help" and not rest:
            message = usage.render_help(viewer=call.actor.id, names=self._names)
            await self._announcer.answer(call.place, call.actor, message)
        else:
            return False
        return True

    def _meant(self, word: str) -> str:
        """Return the command that a word is, by its usual name or the one that it has here; '' for none."""
        said = word.rstrip(".,:;!?").casefold().removeprefix("/")
        own = {self._names.conns.removeprefix("/"): "conns", self._names.kill.removeprefix("/"): "kill"}
        return own.get(said, said)
