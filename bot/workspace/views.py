"""The views of people: the modals that stand open before them, a stack of which the top is in sight, and their Home tabs."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.workspace.model import App, Change, Json, What
from bot.workspace.state import State

DEEP_AT_MOST = 3


class ViewRefused(Exception):
    """The views stay as they are; the text is Slack's word for why."""


@dataclass(frozen=True, slots=True)
class View:
    """A modal or a Home tab as it stands: `content` is what the app said, with its ids filled in."""

    id: str
    app_id: str
    user: str
    content: Json
    hash: str
    root: str
    previous: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    """Block id → what is wrong with what was put in there."""

    @property
    def blocks(self) -> list[Json]:
        """Its blocks."""
        return list(self.content["blocks"])

    @property
    def is_home(self) -> bool:
        """It is a Home tab, and no modal."""
        return bool(self.content["type"] == "home")

    @property
    def title(self) -> str:
        """A modal's title."""
        return str(self.content["title"]["text"])


class Views:
    """Opens, changes and closes views; every change of a person's stack is told to whoever watches the workspace."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._stacks: dict[str, tuple[View, ...]] = {}
        self._homes: dict[tuple[str, str], View] = {}

    def of(self, user: str) -> tuple[View, ...]:
        """The views open before a person, the one in sight last."""
        return self._stacks.get(user, ())

    def home(self, app: App, user: str) -> View | None:
        """What an app's Home tab shows a person; None: nothing was published yet."""
        return self._homes.get((app.id, user))

    def homes(self, user: str) -> tuple[View, ...]:
        """The Home tabs of a person that hold something."""
        return tuple(view for (_, whose), view in self._homes.items() if whose == user)

    def find(self, view: str) -> View | None:
        """The open modal or the Home tab with this id."""
        return self._first(lambda each: each.id == view)

    def by_external_id(self, app: App, external: str) -> View | None:
        """The app's open view that it gave this id of its own."""
        return self._first(lambda each: each.app_id == app.id and each.content.get("external_id") == external)

    def _first(self, fits: Callable[[View], bool]) -> View | None:
        modals = (view for stack in self._stacks.values() for view in stack)
        return next((view for view in (*modals, *self._homes.values()) if fits(view)), None)

    def publish(self, app: App, user: str, content: Json) -> View:
        """Put content in an app's Home tab for one person; the tab's id stays."""
        known = self.home(app, user)
        self._refuse_twins(app, content, known.id if known else None)
        identity = known.id if known else self._identity()
        view = View(identity, app.id, user, content, self._hash(), root=identity)
        self._put(view)
        return view

    def open(self, app: App, user: str, content: Json) -> View:
        """Show a view, in place of whatever stood there."""
        self._refuse_twins(app, content, None)
        identity = self._identity()
        view = View(identity, app.id, user, content, self._hash(), root=identity)
        self._set(user, (view,))
        return view

    def push(self, app: App, user: str, content: Json) -> View:
        """Show a view on top of the app's own."""
        stack = self.of(user)
        if not stack or stack[-1].app_id != app.id:
            raise ViewRefused("not_found")
        if len(stack) >= DEEP_AT_MOST:
            raise ViewRefused("push_limit_reached")
        self._refuse_twins(app, content, None)
        top = stack[-1]
        view = View(self._identity(), app.id, user, content, self._hash(), root=top.root, previous=top.id)
        self._set(user, (*stack, view))
        return view

    def update(self, app: App, view: View, content: Json) -> View:
        """Put other content in an open view."""
        self._refuse_twins(app, content, view.id)
        changed = replace(view, content=content, hash=self._hash(), errors={})
        self._put(changed)
        return changed

    def mark(self, view: View, errors: Mapping[str, str]) -> View:
        """Write what is wrong beside the fields of an open view."""
        marked = replace(view, errors=dict(errors))
        self._put(marked)
        return marked

    def close(self, view: View, *, whole: bool = False) -> tuple[View, ...]:
        """Take a view away with what lies on it, or the whole stack; what went, the topmost first."""
        stack = self.of(view.user)
        keep = 0 if whole else next((place for place, each in enumerate(stack) if each.id == view.id), len(stack))
        self._set(view.user, stack[:keep])
        return tuple(reversed(stack[keep:]))

    def _put(self, view: View) -> None:
        if view.is_home:
            self._homes[view.app_id, view.user] = view
            self._state.tell(Change(What.VIEWS, person=view.user))
            return
        stack = tuple(view if each.id == view.id else each for each in self.of(view.user))
        self._set(view.user, stack)

    def _set(self, user: str, stack: tuple[View, ...]) -> None:
        self._stacks[user] = stack
        self._state.tell(Change(What.VIEWS, person=user))

    def _refuse_twins(self, app: App, content: Json, but: str | None) -> None:
        external = content.get("external_id")
        twin = self.by_external_id(app, external) if external else None
        if twin is not None and twin.id != but:
            raise ViewRefused("duplicate_external_id")

    def _identity(self) -> str:
        return f"V0{secrets.token_hex(5).upper()}"

    def _hash(self) -> str:
        return f"{int(self._state.now().timestamp())}.{secrets.token_hex(4)}"


def view_json(state: State, view: View, values: Mapping[str, Any] | None = None) -> Json:
    """A view as methods and payloads hold it, with what is in its fields."""
    content = view.content
    return {
        "id": view.id,
        "team_id": state.team.id,
        "type": content["type"],
        "blocks": view.blocks,
        "private_metadata": content.get("private_metadata", ""),
        "callback_id": content.get("callback_id", ""),
        "state": {"values": dict(values or {})},
        "hash": view.hash,
        **({} if view.is_home else {"title": content["title"]}),
        "clear_on_close": bool(content.get("clear_on_close")),
        "notify_on_close": bool(content.get("notify_on_close")),
        "close": content.get("close"),
        "submit": content.get("submit"),
        "previous_view_id": view.previous,
        "root_view_id": view.root,
        "app_id": view.app_id,
        "external_id": content.get("external_id", ""),
        "app_installed_team_id": state.team.id,
        "bot_id": state.apps[view.app_id].bot_id,
    }
