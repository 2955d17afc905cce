"""What people do in modals and Home tabs: submit, close, press and choose; and what apps answer to it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.workspace import payloads
from bot.workspace.calls import Refused
from bot.workspace.delivery import Delivered, Delivery, Envelope
from bot.workspace.fields import faults_in_fields
from bot.workspace.files import Files
from bot.workspace.model import App, User
from bot.workspace.refusals import NotPossible
from bot.workspace.state import State
from bot.workspace.triggers import Triggers
from bot.workspace.view_content import read_view
from bot.workspace.views import View, ViewRefused, Views, view_json


class Modals:
    """Sends what people do in modals to their apps, and does what the acknowledgement says."""

    def __init__(
        self,
        state: State,
        delivery: Delivery,
        triggers: Triggers,
        views: Views,
        files: Files,
        complain: Callable[[str], None],
    ) -> None:
        self._state = state
        self._delivery = delivery
        self._triggers = triggers
        self._views = views
        self._files = files
        self._complain = complain

    async def submit(self, user: User, view_id: str, values: Mapping[str, Any]) -> Delivered:
        """Press a modal's submit button; NotPossible, with the faults beside their fields, while one is not filled in."""
        view, app = self._in_sight(user, view_id)
        if view.content.get("submit") is None:
            raise NotPossible("This modal has nothing to submit.")
        values = self._files.chosen(user, values)
        faults = faults_in_fields(view.blocks, values)
        view = self._views.mark(view, faults)
        if faults:
            raise NotPossible("; ".join(faults.values()))
        means = payloads.Means(app, user, "", self._triggers.issue(app, user, view.id))
        held = view_json(self._state, view, values)
        payload = payloads.view_submission(self._state, means, held)
        delivered = await self._delivery.send(app, Envelope.INTERACTION, payload)
        current = self._views.find(view.id)
        if not delivered.acknowledged or current is None:
            return delivered
        try:
            self._answered(app, current, delivered.payload or {})
        except (Refused, ViewRefused) as refusal:
            self._complain(f"A view_submission's acknowledgement carried no valid answer: {refusal}.")
            return replace(delivered, error="invalid_view_response")
        return delivered

    def _answered(self, app: App, view: View, answer: Any) -> None:
        if not isinstance(answer, dict):
            raise Refused("invalid_response_action")
        match answer.get("response_action"):
            case None:
                self._views.close(view)
            case "clear":
                self._views.close(view, whole=True)
            case "errors":
                self._views.mark(view, _read_errors(view, answer.get("errors")))
            case "update":
                self._views.update(app, view, read_view(answer.get("view")))
            case "push":
                self._views.push(app, view.user, read_view(answer.get("view")))
            case _:
                raise Refused("invalid_response_action")

    async def close(self, user: User, view_id: str, *, whole: bool = False) -> list[Delivered]:
        """Close a modal (`whole`: with all that lie under it); the apps that asked for it are told of each."""
        view, app = self._in_sight(user, view_id)
        if view.is_home:
            raise NotPossible("A Home tab cannot be closed.")
        whole = whole or bool(view.content.get("clear_on_close"))
        return [
            await self._delivery.send(
                app,
                Envelope.INTERACTION,
                payloads.view_closed(
                    self._state, payloads.Means(app, user, "", ""), view_json(self._state, each), cleared=whole
                ),
            )
            for each in self._views.close(view, whole=whole)
            if each.content.get("notify_on_close")
        ]

    async def act(self, user: User, view_id: str, action: payloads.Act) -> Delivered:
        """Send one action in a modal or a Home tab; NotPossible when it has no such element."""
        view, app = self._in_sight(user, view_id)
        values = self._files.chosen(user, action.values)
        element = payloads.find_element(view.blocks, action.block_id, action.action_id)
        try:
            done = payloads.chosen_action(element, action.block_id, action.chosen)
        except LookupError as missing:
            raise NotPossible(str(missing)) from missing
        means = payloads.Means(app, user, "", self._triggers.issue(app, user, view.id))
        payload = payloads.view_actions(self._state, means, view_json(self._state, view, values), done)
        return await self._delivery.send(app, Envelope.INTERACTION, payload)

    def _in_sight(self, user: User, view_id: str) -> tuple[View, App]:
        stack = self._views.of(user.id)
        home = next((view for view in self._views.homes(user.id) if view.id == view_id), None)
        view = home or (stack[-1] if stack and stack[-1].id == view_id else None)
        if view is None:
            raise NotPossible("This modal is not open any more.")
        return view, self._state.apps[view.app_id]


def _read_errors(view: View, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise Refused("invalid_errors")
    return {block_id: str(error) for block_id, error in errors.items()}
