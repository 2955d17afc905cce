"""What a person does to see an app's Home tab."""

from bot.workspace.events import Events
from bot.workspace.model import App, User
from bot.workspace.refusals import NotPossible
from bot.workspace.state import State
from bot.workspace.views import View, Views, view_json

TABS = ("home", "messages")


class Homes:
    """Opens the tabs of apps; the app is told, and may publish what stands there."""

    def __init__(self, state: State, views: Views, events: Events) -> None:
        self._state = state
        self._views = views
        self._events = events

    def of(self, user: User, app: App) -> View | None:
        """What the app's Home tab shows this person; None: nothing yet."""
        return self._views.home(app, user.id)

    def open(self, user: User, app: App, tab: str = "home") -> None:
        """Look at one of an app's tabs; NotPossible where it has none."""
        if tab not in TABS or (tab == "home" and not app.home):
            raise NotPossible(f"{app.name} has no such tab.")
        view = self._views.home(app, user.id) if tab == "home" else None
        self._events.home_opened(app, user, tab, None if view is None else view_json(self._state, view))
