"""What people say, edit, delete, upload and react to, and what apps are told of it."""

from typing import Any

import aiohttp
import pytest

from bot.workspace.files import FILE_AT_MOST
from bot.workspace.refusals import NotPossible
from tests.acceptance.workspace.test_events import GENERAL, hearing
from tests.workspaces import MANIFEST, a_client, a_seed, a_workspace

PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000")


async def test_an_edit_is_told_with_both_texts_and_who_made_it() -> None:
    async with hearing() as app:
        workspace = app.workspace
        message = workspace.say("alice", "general", "it is slow")
        edited = workspace.edit("alice", message, "too many clients <already>")
        assert workspace.edit("alice", edited, "too many clients <already>") == edited
        came, changed = await app.next(), await app.next()
        assert (changed["subtype"], changed["hidden"], changed["channel"]) == ("message_changed", True, GENERAL)
        assert changed["message"]["text"] == "too many clients &lt;already&gt;"
        assert changed["message"]["edited"]["user"] == changed["message"]["user"] == "U0ALICE000"
        assert changed["message"]["ts"] == came["ts"] == message.ts != changed["ts"]
        assert changed["previous_message"]["text"] == "it is slow"
        await app.hears_nothing()


async def test_a_deletion_is_told_with_what_was_there() -> None:
    async with hearing() as app:
        message = app.workspace.say("alice", "general", "oops")
        app.workspace.delete("alice", message)
        await app.next()
        gone = await app.next()
        assert (gone["subtype"], gone["deleted_ts"]) == ("message_deleted", message.ts)
        assert gone["previous_message"]["text"] == "oops"
        assert app.workspace.messages("general", "alice") == []


async def test_a_parent_that_is_deleted_leaves_a_tombstone_until_its_last_reply_is_gone() -> None:
    async with hearing() as app:
        workspace = app.workspace
        parent = workspace.say("alice", "general", "down again")
        reply = workspace.say("bob", "general", "same", thread_ts=parent.ts)
        workspace.delete("alice", parent)
        events = [await app.next() for _ in range(3)]
        tombstone = events[2]["message"]
        assert (events[2]["subtype"], tombstone["subtype"], tombstone["user"]) == (
            "message_changed",
            "tombstone",
            "USLACKBOT",
        )
        assert tombstone["hidden"] is True
        assert events[2]["previous_message"]["text"] == "down again"
        assert "down again" not in workspace.transcript()
        told = await a_client(workspace).conversations_replies(channel=GENERAL, ts=parent.ts)
        assert [each["text"] for each in told["messages"]] == ["This message was deleted.", "same"]
        workspace.delete("bob", reply)
        gone = [await app.next() for _ in range(2)]
        assert [each["deleted_ts"] for each in gone] == [reply.ts, parent.ts]
        assert workspace.messages("general", "alice") == []


async def test_people_edit_and_delete_their_own_messages_only() -> None:
    async with a_workspace() as workspace:
        message = workspace.say("alice", "general", "mine")
        for attempt in (workspace.edit, lambda who, what, _: workspace.delete(who, what)):
            with pytest.raises(NotPossible, match="their own"):
                attempt("bob", message, "yours")
        with pytest.raises(NotPossible, match="nothing left to say"):
            workspace.edit("alice", message, "  ")
        workspace.delete("alice", message)
        with pytest.raises(NotPossible, match="not there any more"):
            workspace.edit("alice", message, "again")


async def test_a_picture_is_a_message_with_a_file_and_goes_with_it() -> None:
    async with hearing() as app, aiohttp.ClientSession() as session:
        workspace = app.workspace
        message = workspace.upload("alice", "general", PIXEL, name="error.png", text="look")
        event = await app.next()
        assert (event["subtype"], event["text"]) == ("file_share", "look")
        [file] = event["files"]
        assert (file["name"], file["mimetype"], file["filetype"], file["size"]) == (
            "error.png",
            "image/png",
            "png",
            len(PIXEL),
        )
        async with session.get(file["permalink"]) as shown:
            assert (shown.status, shown.content_type, await shown.read()) == (200, "image/png", PIXEL)
        history = await a_client(workspace).conversations_history(channel=GENERAL)
        assert history["messages"][0]["files"][0]["id"] == file["id"]
        workspace.delete("alice", message)
        async with session.get(file["permalink"]) as shown:
            assert shown.status == 404


async def test_only_pictures_of_a_size_can_be_uploaded() -> None:
    async with a_workspace() as workspace:
        with pytest.raises(NotPossible, match="Only pictures"):
            workspace.upload("alice", "general", b"<svg/>", mimetype="image/svg+xml")
        for content in (b"", bytes(FILE_AT_MOST + 1)):
            with pytest.raises(NotPossible, match="4 MB"):
                workspace.upload("alice", "general", content)
        with pytest.raises(NotPossible, match="not in this conversation"):
            workspace.upload("alice", "staff", PIXEL)


async def test_a_reply_shown_in_the_channel_too_is_in_its_history_with_its_root() -> None:
    async with hearing() as app:
        workspace = app.workspace
        parent = workspace.say("alice", "general", "parent")
        workspace.say("bob", "general", "quiet", thread_ts=parent.ts)
        workspace.say("bob", "general", "loud", thread_ts=parent.ts, broadcast=True)
        event = [await app.next() for _ in range(3)][2]
        assert (event["subtype"], event["thread_ts"], event["root"]["text"]) == (
            "thread_broadcast",
            parent.ts,
            "parent",
        )
        client = a_client(workspace)
        await client.chat_postMessage(channel=GENERAL, text="app", thread_ts=parent.ts, reply_broadcast=True)
        history = await client.conversations_history(channel=GENERAL)
        assert [(each["text"], each.get("subtype")) for each in history["messages"]] == [
            ("app", "thread_broadcast"),
            ("loud", "thread_broadcast"),
            ("parent", None),
        ]


async def test_reactions_are_told_to_apps_that_may_read_them() -> None:
    bot_events = [*MANIFEST["settings"]["event_subscriptions"]["bot_events"], "reaction_added", "reaction_removed"]
    settings = MANIFEST["settings"] | {"event_subscriptions": {"bot_events": bot_events}}
    for scopes in (["reactions:read"], []):
        granted = {"scopes": {"bot": [*MANIFEST["oauth_config"]["scopes"]["bot"], *scopes]}}
        async with hearing(a_seed(manifest={"settings": settings, "oauth_config": granted})) as app:
            message = app.workspace.say("alice", "general", "hm")
            await app.next()
            app.workspace.react("bob", message, "eyes")
            [reacted] = app.workspace.messages("general", "alice")
            assert reacted.reactions == (("eyes", ("U0BOB00000",)),)
            app.workspace.react("bob", message, "eyes")
            assert app.workspace.messages("general", "alice")[0].reactions == ()
            if not scopes:
                await app.hears_nothing()
                continue
            told: list[dict[str, Any]] = [await app.next() for _ in range(2)]
            assert [each["type"] for each in told] == ["reaction_added", "reaction_removed"]
            assert (told[0]["reaction"], told[0]["user"], told[0]["item_user"]) == ("eyes", "U0BOB00000", "U0ALICE000")
            assert told[0]["item"] == {"type": "message", "channel": GENERAL, "ts": message.ts}


async def test_an_account_that_is_closed_is_told_as_deleted() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        before = (await client.users_info(user="U0ALICE000"))["user"]
        assert (before["deleted"], before["is_email_confirmed"]) == (False, True)
        workspace.deactivate("alice")
        assert (await client.users_info(user="U0ALICE000"))["user"]["deleted"] is True
