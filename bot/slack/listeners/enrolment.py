"""The class list on the Home tab: chosen in a modal, shown matched, stored at a further click."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.access.allow_list import AllowList
from bot.access.class_list import Roster, choose, extract, read_table
from bot.access.member import Action, Denied, Standing
from bot.access.ownership import Ownership
from bot.access.policy import may
from bot.access.roster import Found
from bot.connections.enrolment import match
from bot.errors import BotError, NotPermitted, SetupError
from bot.servers.fleet import Fleet
from bot.slack import forms, ids
from bot.slack.announcer import Announcer
from bot.slack.api_errors import UNREACHABLE, why
from bot.slack.blocks import enrolment, refusal, window
from bot.slack.blocks.text import Block, Message
from bot.slack.call import Call, Window
from bot.slack.commands import CommandNames
from bot.slack.directory import people_by_email
from bot.slack.payloads import Behind, stale
from bot.slack.uploads import Uploads
from bot.slack.windows import Windows
from bot.slack.words import unfit


@dataclass(frozen=True, slots=True)
class Request:
    """What a preview is made of; it is made anew when it is stored."""

    file: str
    server: str
    email: str = ""
    role: str = ""
    status: str = ""
    replace: bool = False
    shown: str = ""
    """A fingerprint of the changes that were shown."""


class EnrolmentListener:
    """Matches a class list and stores it, for those who may say whose role is whose."""

    def __init__(
        self,
        fleet: Fleet,
        ownership: Ownership,
        allow_list: AllowList,
        uploads: Uploads,
        client: AsyncWebClient,
        windows: Windows,
        announcer: Announcer,
        names: CommandNames,
    ) -> None:
        self._fleet = fleet
        self._ownership = ownership
        self._allow_list = allow_list
        self._uploads = uploads
        self._client = client
        self._windows = windows
        self._announcer = announcer
        self._names = names

    async def on_import(self, call: Call, standing: Standing) -> None:
        """**Import the class list…**."""
        servers = [name for name in self._fleet.names if may(standing, Action.OWN, role=None, server=name, now=call.at)]
        if not servers:
            await self._refuse(standing, self._fleet.choose().name)
        if not await self._windows.open(call.trigger, enrolment.choosing(self._fleet.names, servers)):
            await self._announcer.answer(call.place, call.actor, refusal.render_late())

    def check_chosen(self, call: Call) -> Mapping[str, str]:
        """What is wrong with what was put in, beside each field."""
        faults = {}
        if not forms.chosen_file(call.body, ids.FILE_FIELD):
            faults[ids.FILE_FIELD] = "Choose the file."
        if len(self._fleet.names) > 1 and forms.chosen_server(call.body, self._fleet.names) is None:
            faults[ids.SERVER_FIELD] = "Choose the server."
        status = forms.typed(call.body, ids.STATUS_FIELD)
        if status and not all(map(str.strip, status.partition("=")[::2])):
            faults[ids.STATUS_FIELD] = "Name the column and its value: Status=enrolled."
        for field in (ids.EMAIL_FIELD, ids.TEMPLATE_FIELD, ids.STATUS_FIELD):
            if unfit(forms.typed(call.body, field)):
                faults[field] = "No list can hold this. Type it anew."
        return faults

    def reading(self, _: Call) -> Block:
        """What stands in the modal meanwhile."""
        return enrolment.reading()

    def storing(self, _: Call) -> Block:
        """What stands in the modal while the list is stored."""
        return enrolment.storing()

    async def on_chosen(self, call: Call, standing: Standing) -> None:
        """**Preview**: nothing is stored yet."""
        asked = Request(
            file=forms.chosen_file(call.body, ids.FILE_FIELD),
            server=forms.chosen_server(call.body, self._fleet.names) or self._fleet.choose().name,
            email=forms.typed(call.body, ids.EMAIL_FIELD),
            role=forms.typed(call.body, ids.TEMPLATE_FIELD),
            status=forms.typed(call.body, ids.STATUS_FIELD),
            replace=forms.is_ticked(call.body, ids.REPLACE_FIELD),
        )
        try:
            found = await self._found(standing, asked, call.at)
            view = _previewed(found, asked)
        except BotError as exc:
            view = self._refused(exc, call)
        await self._windows.update(Window(_view_id(call), ""), view)

    async def on_store(self, call: Call, standing: Standing) -> None:
        """**Store**: the list is read and matched again, and the right looked up in the transaction that stores it.

        What would be changed now and was not shown is shown first.
        """
        try:
            view, told = await self._store(call, standing)
        except BotError as exc:
            view, told = self._refused(exc, call), refusal.render(exc, viewer=call.actor.id, names=self._names)
        await self._windows.update(Window(_view_id(call), ""), view)
        # A modal can be closed meanwhile, and is gone afterwards.
        await self._announcer.tell(call.actor, told)

    async def _store(self, call: Call, standing: Standing) -> tuple[Block, Message]:
        asked = _read_request(call.text)
        found = await self._found(standing, asked, call.at)
        if found.fingerprint(replace=asked.replace) != asked.shown:
            return _previewed(found, asked, changed=True), enrolment.render_changed()
        leaving = found.leaving if asked.replace else ()
        enrolled = await self._ownership.enrol(
            call.actor, found.preview, server=found.server, leaving=leaving, now=call.at
        )
        if isinstance(enrolled, Denied):
            raise NotPermitted(enrolled.action, None, found.server)
        told = enrolment.render_stored(found.server, enrolled, replace=asked.replace, names=self._names)
        return window.note(enrolment.TITLE, told, Behind()), told

    def _refused(self, error: BotError, call: Call) -> Block:
        return window.refused(error, Behind(), viewer=call.actor.id, names=self._names)

    async def _found(self, standing: Standing, asked: Request, now: datetime) -> Found:
        server = self._fleet.choose(asked.server).name
        if not may(standing, Action.OWN, role=None, server=server, now=now):
            await self._refuse(standing, server)
        content = await self._uploads.read(standing.actor, asked.file)
        # A long list takes its time, in which others are to be answered.
        roster = await asyncio.to_thread(_roster, content, asked)
        people = partial(people_by_email, self._client, standing.actor.team)
        try:
            return await match(roster, people, self._fleet, self._ownership, standing.actor.team, server)
        except UNREACHABLE as exc:
            fault = f"Slack does not tell e-mails now ({str(exc) or why(exc)}): try again in a minute."
            raise SetupError((fault,)) from exc

    async def _refuse(self, standing: Standing, server: str) -> None:
        await self._allow_list.refuse(standing.actor, Denied(Action.OWN, "nothing"), server=server)
        raise NotPermitted(Action.OWN, None, server)


def _previewed(found: Found, asked: Request, *, changed: bool = False) -> Block:
    shown = replace(asked, shown=found.fingerprint(replace=asked.replace))
    about = json.dumps(asdict(shown), ensure_ascii=False)
    return enrolment.previewed(found, about, replace=asked.replace, changed=changed)


def _roster(data: bytes, asked: Request) -> Roster:
    table = read_table(data, asked.email or None)
    choice = choose(table, email=asked.email or None, role=asked.role or None)
    column, _, values = asked.status.partition("=")
    if values.strip():
        statuses = frozenset(value.strip() for value in values.split(",") if value.strip())
        choice = replace(choice, status=column.strip(), statuses=statuses)
    return extract(table, choice)


def _read_request(about: str) -> Request:
    """Read what a preview was made of; raises `UsageError` for what is none of ours."""
    try:
        content: Any = json.loads(about)
        asked = Request(**content)
    except (ValueError, TypeError, RecursionError) as exc:
        raise stale() from exc
    texts = (asked.file, asked.server, asked.email, asked.role, asked.status, asked.shown)
    if not all(isinstance(text, str) for text in texts) or not isinstance(asked.replace, bool):
        raise stale()
    return asked


def _view_id(call: Call) -> str:
    view = call.body.get("view")
    return str(view.get("id", "")) if isinstance(view, Mapping) else ""
