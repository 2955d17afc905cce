"""Binds what belongs to the Home tab."""

from dataclasses import dataclass

from slack_bolt.app.async_app import AsyncApp

from bot.slack import ids
from bot.slack.front import Front
from bot.slack.listeners.allowing import AllowingListener
from bot.slack.listeners.enrolment import EnrolmentListener
from bot.slack.listeners.home import HomeListener


@dataclass(frozen=True, slots=True)
class HomeListeners:
    """One object for each part of the tab."""

    home: HomeListener
    allowing: AllowingListener
    enrolment: EnrolmentListener


def register_home(app: AsyncApp, front: Front, listeners: HomeListeners) -> None:
    """Bind every listener of the Home tab; to be done before all else is bound."""
    home, allowing, enrolment = listeners.home, listeners.allowing, listeners.enrolment
    app.event("app_home_opened")(front.home(home.on_opened))
    app.action(ids.HOME_AGAIN)(front.action(home.on_again))
    app.action(ids.HOME_CONNECTIONS)(front.action(home.on_connections))
    app.action(ids.any_number(ids.HOME_WEEK))(front.action(home.on_week))
    app.action(ids.HOME_ADD)(front.action(allowing.on_add))
    app.action(ids.HOME_REMOVE)(front.action(allowing.on_remove))
    app.action(ids.HOME_IMPORT)(front.action(enrolment.on_import))
    app.view(ids.ADD_MODAL)(front.view(allowing.on_added, allowing.check_added))
    app.view(ids.REMOVE_MODAL)(front.view(allowing.on_removed, allowing.check_removed))
    app.view(ids.IMPORT_MODAL)(front.view(enrolment.on_chosen, enrolment.check_chosen, enrolment.reading))
    app.view(ids.STORE_MODAL)(front.view(enrolment.on_store, meanwhile=enrolment.storing))
