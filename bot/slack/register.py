"""Binds listeners to the Bolt app."""

import re
from dataclasses import dataclass

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.slack import ids
from bot.slack.commands import CommandNames
from bot.slack.front import Front
from bot.slack.hearing import Hearing
from bot.slack.listeners.connbot import ConnbotListener
from bot.slack.listeners.conns import ConnsListener
from bot.slack.listeners.kill import KillListener
from bot.slack.listeners.linking import LinkingListener
from bot.slack.listeners.reports import ReportsListener
from bot.slack.listeners.summary import SummaryListener

ANYTHING = re.compile(".*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Listeners:
    """One object a command."""

    conns: ConnsListener
    kill: KillListener
    connbot: ConnbotListener
    linking: LinkingListener
    summary: SummaryListener


def register_hearing(app: AsyncApp, front: Front, hearing: Hearing, reports: ReportsListener) -> None:
    """Bind what hears messages; to be done before all else but the commands is bound."""
    app.event("message")(front.event(hearing, reports.on_spoken))
    app.event("app_mention")(front.event(hearing, reports.on_spoken))
    app.shortcut(ids.REPORT_SHORTCUT)(front.shortcut(reports.on_report_trouble))


def register_commands(app: AsyncApp, front: Front, listeners: Listeners, names: CommandNames) -> None:
    """Bind the commands and the click that ends connections: first of all, since Bolt tries one listener after the other."""
    app.command(names.conns)(front.command(listeners.conns.on_command))
    app.command(names.kill)(front.command(listeners.kill.on_command))
    app.command(names.connbot)(front.command(listeners.connbot.on_command))
    app.command(ANYTHING)(front.command(listeners.connbot.on_unknown))
    app.action(ids.TERMINATE)(front.urgent_action(listeners.kill.on_terminate))


def register(app: AsyncApp, front: Front, listeners: Listeners) -> None:
    """Bind every other listener; whatever matches none is acknowledged too, since Slack sends the unacknowledged again."""
    app.action(ids.WITHDRAW)(front.action(listeners.kill.on_cancel))
    app.action(ids.ASK_AGAIN)(front.action(listeners.kill.on_ask_again))
    app.action(ids.TERMINATE_CHOSEN)(front.proposing_action(listeners.conns.on_terminate_chosen))
    app.action(ids.TERMINATE_STRAYS)(front.proposing_action(listeners.conns.on_terminate_strays))
    app.action(ids.CLOSE)(front.proposing_action(listeners.conns.on_close))
    app.action(ids.CLOSE_CLIENT)(front.proposing_action(listeners.conns.on_close_client))
    app.action(ids.SUMMARY_NAMES)(front.action(listeners.summary.on_names))
    app.action(ANYTHING)(front.unknown_action())
    app.view(ANYTHING)(front.unknown_view())
    for bind in (app.shortcut, app.view_closed, app.options, app.event):
        bind(ANYTHING)(_acknowledge)


async def _acknowledge(ack: AsyncAck) -> None:
    await ack()
