"""Binds what owners are asked, and the modals that ask staff why."""

from slack_bolt.app.async_app import AsyncApp

from bot.slack import given_reason, ids
from bot.slack.call import Call
from bot.slack.front import Front
from bot.slack.listeners.consent import ConsentListener


def register_consent(app: AsyncApp, front: Front, consent: ConsentListener) -> None:
    """Bind every listener of consent and reasons; to be done before all else is bound."""
    app.action(ids.TERMINATE_BECAUSE)(front.action(consent.on_terminate_because))
    app.view(ids.REASON_MODAL)(front.view(consent.on_reason_given, _faults))
    app.action(ids.IN_USE)(front.action(consent.on_in_use))
    app.action(ids.CLOSE_IT)(front.action(consent.on_close_it))
    app.action(ids.OVERRIDE)(front.action(consent.on_override))
    app.view(ids.OVERRIDE_MODAL)(front.view(consent.on_override_given, _faults))


def _faults(call: Call) -> dict[str, str]:
    return given_reason.faults(call.body)
