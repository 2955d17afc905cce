"""Slack's own client finds the Web API as Slack documents it."""

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.limits import Fault, Limits
from bot.workspace.server import Workspace
from tests.workspaces import APP_TOKEN, BOT_TOKEN, Clock, a_client, a_seed, a_workspace, true_time

GENERAL, STAFF, RANDOM, SECRET = "C0GENERAL0", "C0STAFF000", "C0RANDOM00", "C0SECRET00"
ALICE, BOB = "U0ALICE000", "U0BOB00000"


async def refusal(call: Any) -> dict[str, Any]:
    """What a refused call answers."""
    with pytest.raises(SlackApiError) as raised:
        await call
    data = raised.value.response.data
    assert isinstance(data, dict)
    return data


async def error(call: Any) -> str:
    """The error of a refused call."""
    return str((await refusal(call))["error"])


async def raw(workspace: Workspace, method: str, **request: Any) -> tuple[int, dict[str, Any]]:
    """A call made by hand."""
    async with aiohttp.ClientSession() as session, session.post(f"{workspace.api_url}{method}", **request) as response:
        return response.status, await response.json()


# Who calls


async def test_a_token_is_asked_for_and_must_be_of_the_right_kind() -> None:
    async with a_workspace() as workspace:
        assert (await raw(workspace, "auth.test"))[1] == {"ok": False, "error": "not_authed"}
        assert await error(a_client(workspace, "xoxb-other").auth_test()) == "invalid_auth"
        assert await error(a_client(workspace, APP_TOKEN).users_list()) == "not_allowed_token_type"
        assert await error(a_client(workspace).apps_connections_open(app_token=BOT_TOKEN)) == "not_allowed_token_type"
        opened = await a_client(workspace).apps_connections_open(app_token=APP_TOKEN)
        assert str(opened["url"]).startswith("ws://127.0.0.1:")


async def test_a_token_may_stand_in_a_form_but_not_in_json() -> None:
    async with a_workspace() as workspace:
        assert (await raw(workspace, "auth.test", data={"token": BOT_TOKEN}))[1]["ok"]
        assert (await raw(workspace, "auth.test", json={"token": BOT_TOKEN}))[1]["error"] == "not_authed"


async def test_auth_test_says_who_the_app_is_and_which_scopes_it_has() -> None:
    async with a_workspace() as workspace:
        said = await a_client(workspace).auth_test()
        app = workspace.app()
        assert (said["user_id"], said["bot_id"], said["team_id"]) == (app.bot_user_id, app.bot_id, "T0COURSE00")
        assert said["url"] == workspace.url
        assert said.headers["x-oauth-scopes"].split(",") == sorted(app.scopes)


async def test_an_unknown_method_and_unreadable_bodies_are_named() -> None:
    async with a_workspace() as workspace:
        assert await refusal(a_client(workspace).api_call("chat.shout")) == {
            "ok": False,
            "error": "unknown_method",
            "req_method": "chat.shout",
        }
        bearer = {"Authorization": f"Bearer {BOT_TOKEN}"}
        as_json = bearer | {"Content-Type": "application/json"}
        assert (await raw(workspace, "auth.test", data="{", headers=as_json))[1]["error"] == "invalid_json"
        assert (await raw(workspace, "auth.test", data="[]", headers=as_json))[1]["error"] == "json_not_object"
        as_text = bearer | {"Content-Type": "text/plain"}
        assert (await raw(workspace, "auth.test", data="x", headers=as_text))[1]["error"] == "invalid_post_type"


@pytest.mark.parametrize(
    ("method", "arguments", "needed"),
    [
        ("chat.postMessage", {"channel": GENERAL, "text": "x"}, "chat:write"),
        ("chat.postEphemeral", {"channel": GENERAL, "user": ALICE, "text": "x"}, "chat:write"),
        ("chat.update", {"channel": GENERAL, "ts": "1.0", "text": "x"}, "chat:write"),
        ("chat.delete", {"channel": GENERAL, "ts": "1.0"}, "chat:write"),
        ("conversations.history", {"channel": GENERAL}, "channels:history"),
        ("conversations.replies", {"channel": STAFF, "ts": "1.0"}, "groups:history"),
        ("conversations.info", {"channel": GENERAL}, "channels:read"),
        ("conversations.members", {"channel": STAFF}, "groups:read"),
        ("conversations.list", {"types": "im"}, "im:read"),
        ("conversations.open", {"users": ALICE}, "im:write"),
        ("conversations.join", {"channel": RANDOM}, "channels:join"),
        ("users.conversations", {}, "channels:read"),
        ("users.info", {"user": ALICE}, "users:read"),
        ("users.list", {}, "users:read"),
        ("users.lookupByEmail", {"email": "alice@example.edu"}, "users:read.email"),
        ("bots.info", {}, "users:read"),
        ("team.info", {}, "team:read"),
        ("reactions.add", {"channel": GENERAL, "timestamp": "1.0", "name": "eyes"}, "reactions:write"),
        ("reactions.remove", {"channel": GENERAL, "timestamp": "1.0", "name": "eyes"}, "reactions:write"),
    ],
)
async def test_each_method_needs_its_documented_scope(method: str, arguments: dict[str, str], needed: str) -> None:
    others = {"groups:read", "mpim:history", "channels:history", "groups:history", "mpim:write", "channels:read"}
    for scopes in ([], sorted(others - {needed})):
        async with a_workspace(a_seed(manifest={"oauth_config": {"scopes": {"bot": scopes}}})) as workspace:
            said = await refusal(a_client(workspace).api_call(method, params=arguments))
            assert said["error"] == "missing_scope"
            assert needed in said["needed"].split(",")
            assert said["provided"] == ",".join(scopes)


async def test_missing_arguments_are_named() -> None:
    async with a_workspace() as workspace:
        said = await refusal(a_client(workspace).api_call("chat.postMessage", json={"text": "x"}))
        assert said["error"] == "invalid_arguments"
        assert said["response_metadata"] == {"messages": ["[ERROR] missing required field: channel"]}


# Posting


@pytest.mark.parametrize("how", ["json", "params", "data"])
async def test_a_message_arrives_however_the_client_encodes_it(how: str) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*x* & y"}, "block_id": "b"}]
    async with a_workspace() as workspace:
        sent = blocks if how == "json" else json.dumps(blocks)
        body = {"channel": GENERAL, "text": "x & y", "blocks": sent, "unfurl_links": False}
        if how != "json":
            body["unfurl_links"] = "0"
        said = await a_client(workspace).api_call("chat.postMessage", **{how: body})  # type: ignore[arg-type]  # one of three keywords
        (message,) = workspace.messages("general", "alice")
        assert (said["channel"], said["ts"]) == (GENERAL, message.ts)
        assert said["message"]["blocks"] == blocks
        assert (message.text, message.user, message.bot_id) == (
            "x & y",
            workspace.app().bot_user_id,
            workspace.app().bot_id,
        )


async def test_posting_is_refused_with_slacks_own_words() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        post = client.chat_postMessage
        parent = await post(channel=GENERAL, text="parent")
        reply = await post(channel=GENERAL, text="reply", thread_ts=parent["ts"])
        assert await error(post(channel="C0NOWHERE", text="x")) == "channel_not_found"
        assert await error(post(channel=SECRET, text="x")) == "channel_not_found"
        assert await error(post(channel=RANDOM, text="x")) == "not_in_channel"
        bearer = {"Authorization": f"Bearer {BOT_TOKEN}"}
        empty = {"channel": GENERAL, "text": "", "blocks": []}
        assert (await raw(workspace, "chat.postMessage", json=empty, headers=bearer))[1]["error"] == "no_text"
        assert await error(post(channel=GENERAL, text="x", thread_ts="1.000001")) == "thread_not_found"
        assert await error(post(channel=GENERAL, text="x", thread_ts=reply["ts"])) == "cannot_reply_to_message"
        garbled = {"channel": GENERAL, "text": "x", "blocks": "{"}
        assert await error(client.api_call("chat.postMessage", json=garbled)) == "invalid_blocks_format"
        bad = {"event_type": "x"}
        assert await error(post(channel=GENERAL, text="x", metadata=bad)) == "invalid_metadata_schema"


async def test_invalid_blocks_are_told_with_json_pointers() -> None:
    async with a_workspace() as workspace:
        blocks: list[dict[str, Any]] = [
            {"type": "divider"},
            {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        ]
        said = await refusal(a_client(workspace).chat_postMessage(channel=GENERAL, text="x", blocks=blocks))
        assert said["error"] == "invalid_blocks"
        assert said["errors"] == ["must be less than 3001 characters [json-pointer:/blocks/1/text/text]"]
        assert said["response_metadata"]["messages"] == [f"[ERROR] {said['errors'][0]}"]
        assert workspace.messages("general", "alice") == []


async def test_a_very_long_text_is_cut_when_posted_and_refused_in_an_update() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        posted = await client.chat_postMessage(channel=GENERAL, text="x" * 40_001)
        assert len(posted["message"]["text"]) == 40_000
        assert await error(client.chat_update(channel=GENERAL, ts=posted["ts"], text="x" * 4_001)) == "msg_too_long"


async def test_blocks_that_are_too_long_together_are_refused_by_methods() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_700}} for _ in range(5)]
    async with a_workspace() as workspace:
        client = a_client(workspace)
        posted = await client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks[:4])
        ts = str(posted["ts"])
        for call in (
            client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks),
            client.chat_postEphemeral(channel=GENERAL, user=ALICE, text="x", blocks=blocks),
            client.chat_update(channel=GENERAL, ts=ts, text="x", blocks=blocks),
        ):
            assert await error(call) == "msg_blocks_too_long"
        cells = [[{"type": "raw_text", "text": "x" * 900}] * 20, [{"type": "raw_text", "text": "x"}] * 20]
        table = {"type": "data_table", "caption": "x", "rows": cells}
        assert (await client.chat_postMessage(channel=GENERAL, text="x", blocks=[table]))["ok"]


async def test_attachments_are_kept_and_their_blocks_checked() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        one: dict[str, Any] = {"fallback": "one", "blocks": [{"type": "divider"}]}
        await client.chat_postMessage(channel=GENERAL, attachments=[one] * 100)
        (message,) = workspace.messages("general", "alice")
        assert len(message.attachments) == 100
        assert message.attachments[0]["blocks"][0]["block_id"]
        assert await error(client.chat_postMessage(channel=GENERAL, attachments=[one] * 101)) == "too_many_attachments"
        wrong = {"channel": GENERAL, "text": "x", "attachments": ["x"]}
        assert await error(client.api_call("chat.postMessage", json=wrong)) == "invalid_attachments"
        bad = one | {"blocks": [{"type": "header"}]}
        said = await refusal(client.chat_postMessage(channel=GENERAL, text="x", attachments=[bad]))
        assert said["errors"] == ["missing required field: text [json-pointer:/attachments/0/blocks/0]"]


async def test_posting_to_a_person_means_their_direct_conversation() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        posted = await client.chat_postMessage(channel=ALICE, text="psst")
        assert posted["channel"] == workspace.dm("alice")
        assert [message.text for message in workspace.messages(workspace.dm("alice"), "alice")] == ["psst"]
        opened = await client.conversations_open(users=[ALICE], return_im=True)
        assert opened["channel"]["id"] == posted["channel"]
        assert (opened["channel"]["is_im"], opened["channel"]["user"]) == (True, ALICE)
        assert (opened["no_op"], opened["already_open"]) == (True, True)
        assert (await client.conversations_open(channel=str(posted["channel"])))["already_open"]
        assert await error(client.conversations_open(channel=GENERAL)) == "channel_not_found"
        assert await error(client.conversations_open(users=[ALICE, BOB])) == "missing_scope"
        assert await error(client.conversations_open(users=[])) == "users_list_not_supplied"
        assert await error(client.conversations_open(users=["U0NOBODY00"])) == "user_not_found"
        assert await error(client.conversations_open(users=[workspace.app().bot_user_id])) == "cannot_dm_bot"


async def test_an_ephemeral_message_is_one_persons_and_no_method_reaches_it() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        shown = await client.chat_postEphemeral(channel=GENERAL, user=ALICE, text="only you")
        ts = shown["message_ts"]
        assert [message.text for message in workspace.messages("general", "alice")] == ["only you"]
        assert workspace.messages("general", "bob") == []
        assert (await client.conversations_history(channel=GENERAL))["messages"] == []
        assert await error(client.chat_update(channel=GENERAL, ts=ts, text="x")) == "message_not_found"
        assert await error(client.chat_delete(channel=GENERAL, ts=ts)) == "message_not_found"
        assert await error(client.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")) == "message_not_found"
        assert await error(client.chat_getPermalink(channel=GENERAL, message_ts=ts)) == "message_not_found"
        assert await error(client.chat_postMessage(channel=GENERAL, text="x", thread_ts=ts)) == "thread_not_found"
        assert await error(client.chat_postEphemeral(channel=STAFF, user=ALICE, text="x")) == "user_not_in_channel"
        assert await error(client.chat_postEphemeral(channel=RANDOM, user=ALICE, text="x")) == "not_in_channel"
        assert await error(client.chat_postEphemeral(channel=GENERAL, user="U0NOBODY00", text="x")) == "user_not_found"


async def test_an_update_keeps_what_it_does_not_name() -> None:
    blocks = [{"type": "section", "text": {"type": "plain_text", "text": "x"}, "block_id": "b"}]
    async with a_workspace() as workspace:
        client = a_client(workspace)
        posted = await client.chat_postMessage(channel=GENERAL, text="one", blocks=blocks)
        ts = str(posted["ts"])
        await client.chat_update(channel=GENERAL, ts=ts, text="two")
        (message,) = workspace.messages("general", "bob")
        assert (message.text, list(message.blocks or ())) == ("two", blocks)
        await client.chat_update(channel=GENERAL, ts=ts, text="three", blocks=[])
        (message,) = workspace.messages("general", "bob")
        assert (message.text, message.blocks, message.edited is not None) == ("three", None, True)
        assert await error(client.chat_update(channel=GENERAL, ts="1.000001", text="x")) == "message_not_found"
        theirs = workspace.say("alice", "general", "mine")
        assert await error(client.chat_update(channel=GENERAL, ts=theirs.ts, text="x")) == "cant_update_message"
        assert await error(client.chat_delete(channel=GENERAL, ts=theirs.ts)) == "cant_delete_message"
        await client.chat_delete(channel=GENERAL, ts=ts)
        assert [each.text for each in workspace.messages("general", "bob")] == ["mine"]


# Reading


async def test_history_and_replies_tell_a_thread_with_its_metadata() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        about = {"event_type": "row", "event_payload": {"id": "7"}}
        parent = await client.chat_postMessage(channel=GENERAL, text="parent", metadata=about)
        thread = str(parent["ts"])
        workspace.say("alice", "general", "reply", thread_ts=thread)
        await client.chat_postMessage(channel=GENERAL, text="aloud", thread_ts=thread, reply_broadcast=True)
        history = await client.conversations_history(channel=GENERAL, include_all_metadata=True)
        assert [each["text"] for each in history["messages"]] == ["aloud", "parent"]
        assert history["messages"][1]["metadata"] == about
        assert history["messages"][1]["reply_count"] == 2
        assert history["messages"][1]["reply_users"] == [ALICE, workspace.app().bot_user_id]
        plain = await client.conversations_history(channel=GENERAL)
        assert "metadata" not in plain["messages"][1]
        replies = await client.conversations_replies(channel=GENERAL, ts=thread)
        assert [each["text"] for each in replies["messages"]] == ["parent", "reply", "aloud"]
        assert replies["messages"][1]["parent_user_id"] == workspace.app().bot_user_id
        assert await error(client.conversations_replies(channel=GENERAL, ts="1.000001")) == "thread_not_found"


async def test_history_goes_by_pages_and_times() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        stamps = [workspace.say("alice", "general", f"m{number}").ts for number in range(5)]
        first = await client.conversations_history(channel=GENERAL, limit=2)
        assert [each["text"] for each in first["messages"]] == ["m4", "m3"]
        assert first["has_more"]
        texts = [each["text"] async for page in first for each in page["messages"]]
        assert texts == ["m4", "m3", "m2", "m1", "m0"]
        last = await client.conversations_history(channel=GENERAL, limit=5)
        assert (len(last["messages"]), last["has_more"]) == (5, False)
        part = await client.conversations_history(channel=GENERAL, oldest=stamps[1], latest=stamps[3])
        assert [each["text"] for each in part["messages"]] == ["m2"]
        whole = await client.conversations_history(channel=GENERAL, oldest=stamps[1], latest=stamps[3], inclusive=True)
        assert [each["text"] for each in whole["messages"]] == ["m3", "m2", "m1"]
        assert await error(client.conversations_history(channel=GENERAL, cursor="x")) == "invalid_cursor"
        assert await error(client.conversations_history(channel=GENERAL, oldest="yesterday")) == "invalid_ts_oldest"
        assert await error(client.conversations_history(channel=RANDOM)) == "not_in_channel"


async def test_conversations_are_those_the_app_may_know_of() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        public = await client.conversations_list()
        assert [each["id"] for each in public["channels"]] == [GENERAL, RANDOM]
        assert [(each["is_member"], each["num_members"]) for each in public["channels"]] == [(True, 4), (False, 3)]
        every = await client.conversations_list(types="public_channel,private_channel")
        assert [each["id"] for each in every["channels"]] == [GENERAL, STAFF, RANDOM]
        mine = await client.users_conversations(types="public_channel,private_channel")
        assert [each["id"] for each in mine["channels"]] == [GENERAL, STAFF]
        bobs = await client.users_conversations(user=BOB)
        assert [each["id"] for each in bobs["channels"]] == [GENERAL, RANDOM]
        members = await client.conversations_members(channel=STAFF)
        assert members["members"] == [BOB, "U0CAROL000", workspace.app().bot_user_id]
        info = await client.conversations_info(channel=GENERAL, include_num_members=True)
        assert (info["channel"]["num_members"], info["channel"]["topic"]["value"]) == (4, "Everything")
        assert await error(client.conversations_info(channel=SECRET)) == "channel_not_found"
        assert await error(client.conversations_list(types="rooms")) == "invalid_types"


async def test_an_app_can_join_a_public_channel_and_then_post() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        assert (await client.conversations_join(channel=RANDOM))["channel"]["is_member"]
        assert (await client.conversations_join(channel=RANDOM))["warning"] == "already_in_channel"
        await client.chat_postMessage(channel=RANDOM, text="here")
        assert await error(client.conversations_join(channel=STAFF)) == "method_not_supported_for_channel_type"


async def test_people_are_found_by_id_and_address() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        alice = await client.users_info(user=ALICE)
        assert (alice["user"]["real_name"], alice["user"]["profile"]["email"]) == ("Alice Liddell", "alice@example.edu")
        assert (await client.users_lookupByEmail(email="BOB@example.edu"))["user"]["id"] == BOB
        assert await error(client.users_lookupByEmail(email="x@example.edu")) == "users_not_found"
        assert await error(client.users_info(user="U0NOBODY00")) == "user_not_found"
        names = [each["name"] async for page in await client.users_list(limit=2) for each in page["members"]]
        assert names == ["alice", "bob", "carol", "helper"]
        assert (await client.team_info())["team"]["domain"] == "course"
        assert (await client.bots_info())["bot"]["user_id"] == workspace.app().bot_user_id
        assert await error(client.bots_info(bot="B0OTHER")) == "bot_not_found"


async def test_addresses_are_told_only_with_their_scope() -> None:
    seed = a_seed(manifest={"oauth_config": {"scopes": {"bot": ["users:read"]}}})
    async with a_workspace(seed) as workspace:
        assert "email" not in (await a_client(workspace).users_info(user=ALICE))["user"]["profile"]


async def test_reactions_are_given_once_and_taken_back() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        ts = workspace.say("alice", "general", "help").ts
        await client.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")
        assert workspace.messages("general", "bob")[0].reactions == (("eyes", (workspace.app().bot_user_id,)),)
        assert await error(client.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")) == "already_reacted"
        assert await error(client.reactions_add(channel=GENERAL, timestamp=ts, name="no such")) == "invalid_name"
        await client.reactions_remove(channel=GENERAL, timestamp=ts, name="eyes")
        assert await error(client.reactions_remove(channel=GENERAL, timestamp=ts, name="eyes")) == "no_reaction"


async def test_a_permalink_leads_to_the_message_in_the_page() -> None:
    async with a_workspace() as workspace, aiohttp.ClientSession() as session:
        ts = workspace.say("alice", "general", "here").ts
        link = (await a_client(workspace).chat_getPermalink(channel=GENERAL, message_ts=ts))["permalink"]
        async with session.get(str(link), allow_redirects=False) as response:
            assert response.status == 302
            assert response.headers["Location"] == f"/#/{GENERAL}/{ts}"


async def test_blocks_are_validated_without_a_token() -> None:
    async with a_workspace() as workspace:
        client = AsyncWebClient(base_url=workspace.api_url)
        good = [{"type": "section", "text": {"type": "plain_text", "text": "Hello world"}}]
        assert (await client.blocks_validate(blocks=good))["ok"]
        assert (await client.blocks_validate(message={"blocks": good}))["ok"]
        said = await refusal(client.blocks_validate(message={"blocks": [{"type": "header"}]}))
        assert said["error"] == "invalid_message"
        assert said["errors"][0]["pointer"] == "/blocks/0"
        assert (await client.api_test(foo="bar"))["args"] == {"foo": "bar"}
        assert await error(client.api_test(error="my_error")) == "my_error"


# Limits and faults


async def test_posting_faster_than_slack_grants_gets_429_for_that_channel_alone() -> None:
    clock = Clock()
    async with a_workspace(now=clock, limits=Limits(burst=2)) as workspace:
        client = a_client(workspace)
        for number in range(2):
            await client.chat_postMessage(channel=GENERAL, text=str(number))
        with pytest.raises(SlackApiError) as raised:
            await client.chat_postMessage(channel=GENERAL, text="too fast")
        assert (raised.value.response.status_code, raised.value.response.headers["Retry-After"]) == (429, "1")
        assert raised.value.response.data == {"ok": False, "error": "ratelimited"}
        await client.chat_postMessage(channel=STAFF, text="elsewhere")
        clock.move(timedelta(seconds=1))
        await client.chat_postMessage(channel=GENERAL, text="now")


async def test_the_sdks_retry_handler_waits_as_told() -> None:
    async with a_workspace(now=true_time, limits=Limits(burst=1)) as workspace:
        client = a_client(workspace)
        client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))
        for number in range(2):
            await client.chat_postMessage(channel=GENERAL, text=str(number))
        assert [message.text for message in workspace.messages("general", "bob")] == ["0", "1"]
        assert [call.error for call in workspace.calls] == [None, "ratelimited", None]


async def test_ordered_faults_meet_the_next_calls_and_no_others() -> None:
    async with a_workspace() as workspace:
        client = a_client(workspace)
        workspace.inject("chat.postMessage", Fault(status=429, retry_after=9))
        workspace.inject("chat.postMessage", Fault(status=500))
        workspace.inject("chat.postMessage", Fault(status=None, hang=0.05))
        for status in (429, 500):
            with pytest.raises(SlackApiError) as raised:
                await client.chat_postMessage(channel=GENERAL, text="x")
            assert raised.value.response.status_code == status
        assert (await client.auth_test())["ok"]
        assert (await client.chat_postMessage(channel=GENERAL, text="late"))["ok"]
        assert [message.text for message in workspace.messages("general", "bob")] == ["late"]


async def test_a_hanging_call_does_not_hold_up_the_end() -> None:
    workspace = Workspace(a_seed(), now=Clock())
    await workspace.start()
    workspace.inject("auth.test", Fault(status=500, hang=60))
    client = AsyncWebClient(BOT_TOKEN, base_url=workspace.api_url, timeout=1)
    with pytest.raises(TimeoutError):
        await client.auth_test()
    await workspace.close()
