"""The allow-list on the Home tab: somebody is added or removed in a modal, by the same rules as with the command."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from bot.access.allow_list import AllowList, Grant
from bot.access.member import Action, Denied, Grade, Standing
from bot.access.policy import may
from bot.errors import NotPermitted
from bot.slack import forms, ids
from bot.slack.announcer import Announcer
from bot.slack.blocks import allowing, members, refusal
from bot.slack.call import Call
from bot.slack.subcommands import read_time
from bot.slack.windows import Windows


class AllowingListener:
    """Opens the modals for those who may change something, and changes what they may."""

    def __init__(
        self,
        servers: tuple[str, ...],
        allow_list: AllowList,
        windows: Windows,
        announcer: Announcer,
        zone: tzinfo,
    ) -> None:
        self._servers = servers
        self._places = allowing.places(servers)
        self._allow_list = allow_list
        self._windows = windows
        self._announcer = announcer
        self._zone = zone

    async def on_add(self, call: Call, standing: Standing) -> None:
        """**Add somebody…**."""
        grades = await self._grades(standing, call.at)
        view = allowing.adding(self._servers, self._offered(standing, call.at), grades)
        if not await self._windows.open(call.trigger, view):
            await self._announcer.answer(call.place, call.actor, refusal.render_late())

    async def on_remove(self, call: Call, standing: Standing) -> None:
        """**Remove somebody…**."""
        await self._grades(standing, call.at)
        view = allowing.removing(self._servers, self._offered(standing, call.at))
        if not await self._windows.open(call.trigger, view):
            await self._announcer.answer(call.place, call.actor, refusal.render_late())

    def check_added(self, call: Call) -> Mapping[str, str]:
        """What is wrong with what was put in, beside each field."""
        faults = self._check_who(call)
        if self._grade(call) is None:
            faults[ids.GRADE_FIELD] = "Choose what they may do."
        day = forms.chosen_day(call.body, ids.UNTIL_FIELD)
        until = read_time(day, self._zone) if day else None
        if day and (until is None or until <= call.at):
            faults[ids.UNTIL_FIELD] = "This day is over."
        roles = [item.strip() for item in forms.typed(call.body, ids.ROLES_FIELD).split(",")]
        if "@" in roles:
            faults[ids.ROLES_FIELD] = "Name the group behind the @."
        return faults

    def check_removed(self, call: Call) -> Mapping[str, str]:
        """The same for the modal that removes."""
        return self._check_who(call)

    async def on_added(self, call: Call, _: Standing) -> None:
        """**Add**: the right is looked up in the transaction that stores it."""
        day, grade = forms.chosen_day(call.body, ids.UNTIL_FIELD), self._grade(call)
        grant = Grant(
            forms.chosen_person(call.body, ids.WHO_FIELD),
            grade or Grade.RESPONDER,
            self._server(call) or "",
            forms.typed(call.body, ids.ROLES_FIELD),
            read_time(day, self._zone) if day else None,
        )
        member = await self._allow_list.allow(call.actor, grant, now=call.at)
        if isinstance(member, Denied):
            raise NotPermitted(member.action, None, grant.server or None)
        await self._announcer.tell(call.actor, members.render_allowed(member, zone=self._zone, now=call.at))

    async def on_removed(self, call: Call, _: Standing) -> None:
        """**Remove**."""
        who, server = forms.chosen_person(call.body, ids.WHO_FIELD), self._server(call)
        removed = await self._allow_list.disallow(call.actor, who, server=server, now=call.at)
        if isinstance(removed, Denied):
            raise NotPermitted(removed.action, None, server)
        await self._announcer.tell(call.actor, members.render_disallowed(who, removed))

    async def _grades(self, standing: Standing, now: datetime) -> tuple[Grade, ...]:
        """What this person may make somebody; a refusal goes on record. Raises `NotPermitted`."""
        needed = {Grade.RESPONDER: Action.ALLOW_RESPONDER, Grade.INSTRUCTOR: Action.ALLOW, Grade.ADMIN: Action.ALLOW}
        places = ("", *self._servers)
        grades = tuple(
            grade
            for grade, action in needed.items()
            if any(may(standing, action, role=None, server=place, now=now) for place in places)
        )
        if not grades:
            await self._allow_list.refuse(standing.actor, Denied(Action.ALLOW_RESPONDER, "nothing"))
            raise NotPermitted(Action.ALLOW_RESPONDER)
        return grades

    def _offered(self, standing: Standing, now: datetime) -> tuple[str, ...]:
        """Where this person may put somebody on the list."""
        servers = ("", *self._servers)
        return tuple(
            place
            for place, server in zip(self._places, servers, strict=True)
            if may(standing, Action.ALLOW_RESPONDER, role=None, server=server, now=now)
        )

    def _check_who(self, call: Call) -> dict[str, str]:
        faults = {}
        if not forms.chosen_person(call.body, ids.WHO_FIELD):
            faults[ids.WHO_FIELD] = "Choose a person."
        if forms.chosen(call.body, ids.SERVER_FIELD, self._places) is None:
            faults[ids.SERVER_FIELD] = "Choose where."
        return faults

    def _grade(self, call: Call) -> Grade | None:
        word = forms.chosen(call.body, ids.GRADE_FIELD, [grade.word for grade in Grade])
        return next((grade for grade in Grade if grade.word == word), None)

    def _server(self, call: Call) -> str | None:
        """The server that was chosen; None for every one."""
        place = forms.chosen(call.body, ids.SERVER_FIELD, self._places)
        return None if place == allowing.EVERYWHERE else place
