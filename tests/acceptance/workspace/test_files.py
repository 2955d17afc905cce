"""Files with Slack's own packages: uploaded by apps, chosen by people in modals, fetched by apps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.workspace.files import FILE_AT_MOST
from bot.workspace.refusals import NotPossible
from bot.workspace.server import Workspace
from tests.workspaces import BOT_TOKEN, MANIFEST, a_bolt_app, a_client, a_seed, a_workspace

Json = dict[str, Any]
GENERAL = "C0GENERAL0"
ROSTER = b"email,role\nalice@example.edu,alice\n"
FIELD = {
    "type": "input",
    "block_id": "roster",
    "label": {"type": "plain_text", "text": "Class list"},
    "element": {"type": "file_input", "action_id": "file", "filetypes": ["csv"], "max_files": 1},
}
FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Import"},
    "submit": {"type": "plain_text", "text": "Preview"},
    "blocks": [FIELD],
}


class Reader:
    """An app that keeps what is submitted."""

    def __init__(self) -> None:
        self.views: list[Json] = []

    def register(self, app: AsyncApp) -> None:
        @app.view("form")
        async def submitted(ack: Any, view: Json) -> None:
            self.views.append(view)
            await ack()

        @app.event("message")
        async def hear() -> None:
            pass


@asynccontextmanager
async def with_form(who: str = "alice") -> AsyncIterator[tuple[Workspace, Reader]]:
    """The form, open before a person."""
    reader = Reader()
    async with a_workspace(within=0.5) as workspace, a_bolt_app(workspace, reader.register):
        trigger = workspace.triggers.issue(workspace.app(), workspace.state.find_user(who))
        await a_client(workspace).views_open(trigger_id=trigger, view=FORM)
        yield workspace, reader


async def fetched(url: str, token: str | None) -> tuple[int, bytes]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers, allow_redirects=False) as got:
        return got.status, await got.read()


async def test_an_app_uploads_a_file_into_a_thread() -> None:
    async with a_workspace() as workspace:
        question = workspace.say("alice", "general", "The week?")
        client = a_client(workspace)
        await client.files_upload_v2(
            content=ROSTER, filename="week.csv", title="The week", channel=GENERAL, thread_ts=question.ts
        )
        [answer] = workspace.messages("general", "bob")[1:]
        assert (answer.thread_ts, answer.subtype, answer.bot_id) == (question.ts, "file_share", "B0HELPER00")
        [file] = answer.files
        assert (file["name"], file["title"], file["filetype"], file["size"]) == (
            "week.csv",
            "The week",
            "csv",
            len(ROSTER),
        )
        assert (await client.files_info(file=file["id"]))["file"]["id"] == file["id"]
        assert await fetched(file["url_private_download"], BOT_TOKEN) == (200, ROSTER)


async def test_a_file_that_was_only_begun_is_none() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        begun = await client.files_getUploadURLExternal(filename="week.csv", length=4)
        with pytest.raises(SlackApiError, match="file_not_found"):
            await client.files_completeUploadExternal(files=[{"id": begun["file_id"]}])
        async with aiohttp.ClientSession() as session:
            for content, status in ((b"five5", 400), (b"four", 200), (b"four", 400)):
                async with session.post(str(begun["upload_url"]), data=content) as took:
                    assert took.status == status
        with pytest.raises(SlackApiError, match="file_not_found"):
            await client.files_info(file=str(begun["file_id"]))
        await client.files_completeUploadExternal(files=[{"id": begun["file_id"]}])
        assert (await client.files_info(file=str(begun["file_id"])))["file"]["size"] == 4


async def test_a_person_chooses_a_file_in_a_modal_and_the_app_fetches_it() -> None:
    async with with_form() as (workspace, reader):
        [view] = workspace.views("alice")
        file = workspace.put_file("alice", ROSTER, name="roster.csv")
        await workspace.submit("alice", view, {"file": [file]})
        [came] = reader.views
        entry = came["state"]["values"]["roster"]["file"]
        assert entry["type"] == "file_input"
        [given] = entry["files"]
        assert (given["id"], given["name"]) == (file["id"], "roster.csv")
        assert await fetched(given["url_private_download"], BOT_TOKEN) == (200, ROSTER)
        for stranger in (None, "xoxb-wrong"):
            assert (await fetched(given["url_private_download"], stranger))[0] == 302


async def test_an_app_that_may_not_read_files_does_not_get_them() -> None:
    scopes = [scope for scope in MANIFEST["oauth_config"]["scopes"]["bot"] if scope != "files:read"]
    seed = a_seed(manifest={"oauth_config": {"scopes": {"bot": scopes}}})
    async with a_workspace(seed) as workspace:
        file = workspace.put_file("alice", ROSTER, name="roster.csv")
        assert (await fetched(file["url_private"], BOT_TOKEN))[0] == 302
        with pytest.raises(SlackApiError, match="missing_scope"):
            await a_client(workspace).files_info(file=file["id"])


@pytest.mark.parametrize(
    ("chosen", "why"), [([], "required"), (["roster.xlsx"], "csv"), (["a.csv", "b.csv"], "no more than 1")]
)
async def test_what_the_field_does_not_take(chosen: list[str], why: str) -> None:
    async with with_form() as (workspace, reader):
        [view] = workspace.views("alice")
        files = [workspace.put_file("alice", ROSTER, name=name) for name in chosen]
        with pytest.raises(NotPossible, match=why):
            await workspace.submit("alice", view, {"file": files})
        assert reader.views == []


async def test_nobody_hands_in_anothers_file() -> None:
    async with with_form() as (workspace, reader):
        [view] = workspace.views("alice")
        theirs = workspace.put_file("bob", ROSTER, name="roster.csv")
        with pytest.raises(NotPossible, match="required"):
            await workspace.submit("alice", view, {"file": [theirs]})
        assert reader.views == []


async def test_empty_and_huge_files_are_refused() -> None:
    async with a_workspace() as workspace:
        for content in (b"", bytes(FILE_AT_MOST + 1)):
            with pytest.raises(NotPossible):
                workspace.put_file("alice", content, name="roster.csv")
        with pytest.raises(SlackApiError, match="file_upload_size_restricted"):
            await a_client(workspace).files_getUploadURLExternal(filename="x.csv", length=FILE_AT_MOST + 1)
