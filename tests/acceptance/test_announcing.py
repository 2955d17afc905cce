"""How people are answered: by `response_url`, else ephemerally, else by DM; whoever cannot be reached is in the log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

import aiohttp
import pytest
import pytest_asyncio

from bot.access.member import Actor
from bot.incidents.proposal import RESPONSE_URL_LIVES_FOR, Place, Proposal, State
from bot.slack.announcer import Announcer
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.identity import web_client
from bot.workspace import model
from bot.workspace.limits import Fault
from bot.workspace.response_urls import USES, Occasion
from bot.workspace.server import Workspace
from tests import builders
from tests.workspaces import BOT_TOKEN, Clock, a_seed, a_workspace

TEXT = "alice has 3 of 5 connections."
MESSAGE = Message(TEXT, ({"type": "section", "text": {"type": "plain_text", "text": TEXT}},))


@dataclass
class Desk:
    """An announcer, the workspace it speaks to, and their common clock."""

    workspace: Workspace
    announcer: Announcer
    clock: Clock

    @property
    def alice(self) -> Actor:
        return Actor(self.workspace.state.team.id, self.workspace.state.find_user("alice").id)

    def place(self, channel: str = "general", *, original: model.Message | None = None) -> Place:
        """Where alice typed a command, or clicked in `original`."""
        found = self.workspace.state.find_channel(channel).id
        occasion = Occasion(self.workspace.app(), self.alice.id, found, self.clock(), original=original)
        url = self.workspace._response_urls.open(occasion)
        return Place(found, None, url, self.clock() + RESPONSE_URL_LIVES_FOR)

    def seen(self, channel: str = "general", who: str = "alice") -> list[model.Message]:
        return [one for one in self.workspace.messages(channel, who) if one.app_id]

    @property
    def dms(self) -> list[model.Message]:
        return self.seen(self.workspace.dm("alice"))

    @property
    def called(self) -> list[str]:
        return [call.method for call in self.workspace.calls]


@asynccontextmanager
async def announcing(workspace: Workspace, clock: Clock) -> AsyncIterator[Desk]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        client = web_client(workspace.api_url, session, BOT_TOKEN)
        yield Desk(workspace, Announcer(client, session, clock, UTC, CommandNames()), clock)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = Clock()
    async with a_workspace(now=clock) as workspace, announcing(workspace, clock) as desk:
        yield desk


async def test_the_response_url_is_used_and_only_the_person_sees_it(desk: Desk) -> None:
    await desk.announcer.answer(desk.place(), desk.alice, MESSAGE)

    (shown,) = desk.seen()
    assert shown.text == TEXT
    assert shown.ephemeral_to == desk.alice.id
    assert desk.seen(who="bob") == []
    assert desk.called == []


async def test_blocks_arrive_as_they_were_drawn_whatever_letters_they_hold(desk: Desk) -> None:
    text = '\u00e9\u4e2d\U0001f7e2 "quoted" half \ud83d'
    blocks = ({"type": "section", "text": {"type": "plain_text", "text": text}},)

    await desk.announcer.answer(desk.place(), desk.alice, Message(TEXT, blocks))

    (shown,) = desk.seen()
    assert shown.blocks is not None
    assert shown.blocks[0]["text"]["text"] == text
    assert desk.called == []


async def test_a_replacing_answer_takes_the_place_of_the_clicked_message(desk: Desk) -> None:
    await desk.announcer.answer(desk.place(), desk.alice, Message("Terminate?", ()))
    (asked,) = desk.seen()

    await desk.announcer.answer(desk.place(original=asked), desk.alice, MESSAGE, replace=True)

    (shown,) = desk.seen()
    assert (shown.ts, shown.text) == (asked.ts, TEXT)


async def test_an_answer_that_does_not_replace_leaves_the_clicked_message(desk: Desk) -> None:
    await desk.announcer.answer(desk.place(), desk.alice, Message("Terminate?", ()))
    (asked,) = desk.seen()

    await desk.announcer.answer(desk.place(original=asked), desk.alice, MESSAGE)

    assert [one.text for one in desk.seen()] == ["Terminate?", TEXT]


async def test_after_five_uses_the_answer_comes_ephemerally(desk: Desk) -> None:
    place = desk.place()

    for _ in range(USES + 1):
        await desk.announcer.answer(place, desk.alice, MESSAGE)

    assert [one.ephemeral_to for one in desk.seen()] == [desk.alice.id] * (USES + 1)
    assert desk.called == ["chat.postEphemeral"]


async def test_after_thirty_minutes_the_url_is_not_tried(desk: Desk) -> None:
    place = desk.place()
    desk.clock.move(timedelta(minutes=31))

    await desk.announcer.answer(place, desk.alice, MESSAGE)

    assert [one.text for one in desk.seen()] == [TEXT]
    assert desk.workspace.complaints == []
    assert desk.called == ["chat.postEphemeral"]


async def test_a_url_that_slack_no_longer_knows_is_given_up_at_once(desk: Desk) -> None:
    desk.workspace.inject("response_url", Fault(404))
    place = desk.place()

    await desk.announcer.answer(place, desk.alice, MESSAGE)

    assert desk.called == ["chat.postEphemeral"]
    assert len(desk.seen()) == 1


async def test_charts_that_a_workspace_does_not_take_are_left_out(desk: Desk) -> None:
    desk.workspace.inject("response_url", Fault(404))
    desk.workspace.inject("chat.postEphemeral", Fault(400))
    pie = {"type": "pie", "segments": [{"label": "role limit", "value": 1}]}
    chart = {"type": "data_visualization", "title": "Incidents by cause", "chart": pie}

    await desk.announcer.answer(desk.place(), desk.alice, Message(TEXT, (*MESSAGE.blocks, chart)))

    (shown,) = desk.seen()
    assert [block["type"] for block in shown.blocks or ()] == [block["type"] for block in MESSAGE.blocks]


async def test_where_the_app_is_not_in_the_channel_a_dm_is_sent(desk: Desk) -> None:
    place = Place(desk.workspace.state.find_channel("random").id)

    await desk.announcer.answer(place, desk.alice, MESSAGE)

    assert [one.text for one in desk.dms] == [TEXT]
    assert desk.called == ["chat.postEphemeral", "conversations.open", "chat.postMessage"]


async def test_without_any_place_a_dm_is_sent(desk: Desk) -> None:
    await desk.announcer.answer(Place(""), desk.alice, MESSAGE)

    assert [one.text for one in desk.dms] == [TEXT]
    assert "chat.postEphemeral" not in desk.called


async def test_retry_after_is_waited_for(desk: Desk) -> None:
    desk.workspace.inject("response_url", Fault(429, retry_after=1))
    began = asyncio.get_running_loop().time()

    await desk.announcer.answer(desk.place(), desk.alice, MESSAGE)

    assert asyncio.get_running_loop().time() - began >= 1
    assert [one.text for one in desk.seen()] == [TEXT]
    assert desk.called == []


async def test_a_long_retry_after_is_not_waited_for(desk: Desk) -> None:
    desk.workspace.inject("response_url", Fault(429, retry_after=3600))

    await asyncio.wait_for(desk.announcer.answer(desk.place(), desk.alice, MESSAGE), 5)

    assert desk.called == ["chat.postEphemeral"]


async def test_the_web_api_s_retry_after_is_waited_for_too(desk: Desk) -> None:
    desk.workspace.inject("chat.postEphemeral", Fault(429, retry_after=1))

    await desk.announcer.answer(Place(desk.place().channel), desk.alice, MESSAGE)

    assert [one.text for one in desk.seen()] == [TEXT]
    assert desk.dms == []


@pytest.mark.parametrize("fault", [Fault(500), Fault(503), Fault(429)], ids=lambda fault: str(fault.status))
async def test_passing_trouble_of_slack_is_tried_again(desk: Desk, fault: Fault) -> None:
    desk.workspace.inject("response_url", fault)

    await desk.announcer.answer(desk.place(), desk.alice, MESSAGE)

    assert [one.text for one in desk.seen()] == [TEXT]
    assert desk.called == []


async def test_trouble_that_lasts_leads_to_the_next_way(desk: Desk) -> None:
    desk.workspace.inject("response_url", Fault(500), times=100)
    desk.workspace.inject("chat.postEphemeral", Fault(502), times=100)

    await desk.announcer.answer(desk.place(), desk.alice, MESSAGE)

    assert [one.text for one in desk.dms] == [TEXT]


async def test_nobody_reachable_is_logged_and_nothing_is_raised(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    nobody = Actor(desk.alice.team, "U0NOBODY")
    desk.workspace.inject("response_url", Fault(410))

    with caplog.at_level(logging.WARNING, logger="bot"):
        await desk.announcer.answer(desk.place(), nobody, MESSAGE)

    (line,) = caplog.records
    assert (line.__dict__["actor"], line.__dict__["why"]) == ("U0NOBODY", "user_not_found")
    assert desk.called == ["chat.postEphemeral", "conversations.open"]


@asynccontextmanager
async def raw_server(answer: Callable[[int], bytes]) -> AsyncIterator[tuple[str, list[int]]]:
    """An HTTP server that says `answer(n)` to request n and hangs up; b"" hangs up without a word."""
    requests: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(length)
        requests.append(len(requests))
        writer.write(answer(requests[-1]))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/response/x", requests


def said(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


async def test_a_dropped_connection_is_tried_again(desk: Desk) -> None:
    async with raw_server(lambda number: said("200 OK", "ok") if number else b"") as (url, requests):
        await desk.announcer.answer(Place("C0", None, url), desk.alice, MESSAGE)

    assert requests == [0, 1]
    assert desk.called == []


async def test_a_refusal_with_the_status_200_is_a_refusal(desk: Desk) -> None:
    async with raw_server(lambda _: said("200 OK", '{"ok": false, "error": "channel_not_found"}')) as (url, requests):
        await desk.announcer.answer(Place(desk.place().channel, None, url), desk.alice, MESSAGE)

    assert requests == [0]
    assert desk.called == ["chat.postEphemeral"]


async def test_garbage_instead_of_an_answer_leads_to_the_next_way(desk: Desk) -> None:
    async with raw_server(lambda _: b"\x00\x01 what?\r\n\r\n") as (url, _):
        await desk.announcer.answer(Place("", None, url), desk.alice, MESSAGE)

    assert len(desk.dms) == 1


def an_end(desk: Desk, place: Place) -> Proposal:
    """A proposal of alice's that was cancelled."""
    proposed = builders.a_proposal(state=State.WITHDRAWN, place=place)
    return replace(proposed, team=desk.alice.team, requester=desk.alice.id, created_at=desk.clock())


async def test_the_end_of_a_proposal_takes_the_place_of_its_buttons_however_often_it_is_told(desk: Desk) -> None:
    await desk.announcer.answer(desk.place(), desk.alice, MESSAGE)
    (asked,) = desk.seen()
    ended = an_end(desk, desk.place(original=asked))

    assert [await desk.announcer.tell_end(ended) for _ in range(3)] == [True] * 3

    (shown,) = desk.seen()
    assert shown.ts == asked.ts
    assert "Cancelled" in shown.text
    assert desk.called == []


async def test_the_end_of_a_proposal_comes_by_one_dm_however_often_it_is_told(desk: Desk) -> None:
    place = desk.place()
    desk.clock.move(timedelta(minutes=31))
    ended = an_end(desk, place)
    await desk.announcer.tell(desk.alice, MESSAGE)

    assert [await desk.announcer.tell_end(ended) for _ in range(3)] == [True] * 3
    await desk.announcer.tell_end(replace(ended, id="another"))

    assert ["Cancelled" in one.text for one in desk.dms] == [False, True, True]
    assert desk.seen() == []
    assert desk.workspace.complaints == []


async def test_without_the_right_to_look_it_is_told_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    clock, scopes = Clock(), ["chat:write", "im:write"]
    seed = a_seed(manifest={"oauth_config": {"scopes": {"bot": scopes}}})
    async with a_workspace(seed, now=clock) as workspace, announcing(workspace, clock) as desk:
        with caplog.at_level(logging.WARNING, logger="bot"):
            assert await desk.announcer.tell_end(an_end(desk, Place("")))

        assert len(desk.dms) == 1
        assert [line.__dict__["why"] for line in caplog.records] == ["missing_scope"]


async def test_who_cannot_be_told_now_may_be_told_later_and_who_never_can_is_given_up(desk: Desk) -> None:
    ended = an_end(desk, Place(""))
    assert await desk.announcer.tell_end(replace(ended, requester="U0NOBODY"))
    desk.workspace.inject("conversations.open", Fault(500), times=100)
    assert not await desk.announcer.tell_end(ended)
    assert desk.dms == []
