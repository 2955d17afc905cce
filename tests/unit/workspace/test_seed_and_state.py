"""A workspace is made of its seed, and keeps what happens in it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.workspace.model import Change, Kind, Message, What
from bot.workspace.seed import InstalledApp, Person, Room, Seed, make_id
from bot.workspace.state import State
from bot.workspace.triggers import NotExchanged, Triggers
from tests.workspaces import APP_TOKEN, BOT_TOKEN, MANIFEST, Clock, a_seed


def test_an_app_has_what_its_manifest_declares() -> None:
    app = InstalledApp.from_manifest(MANIFEST, bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret="s")
    assert app.name == "helper"
    assert [(each.command, each.should_escape) for each in app.commands] == [("/ask", True), ("/raw", False)]
    assert {"chat:write", "commands"} <= app.scopes
    assert "app_mention" in app.events
    assert (app.interactive, app.socket_mode, app.request_url) == (True, True, None)


def test_a_bare_manifest_grants_nothing() -> None:
    bare = {"display_information": {"name": "bare"}, "features": {"slash_commands": [{"command": "/x"}]}}
    app = InstalledApp.from_manifest(bare, bot_token=BOT_TOKEN)
    assert app.name == "bare"
    assert [(each.command, each.description, each.should_escape) for each in app.commands] == [("/x", "", False)]
    assert (app.scopes, app.events, app.interactive, app.socket_mode) == (frozenset(), frozenset(), False, False)


def test_bots_are_nobody_one_can_be() -> None:
    seed = Seed(people=(Person("alice"), Person("robot", is_bot=True), Person("dan", persona=False)), rooms=())
    assert [user.name for user in State(seed, Clock()).users.values() if user.persona] == ["alice"]


def test_tokens_and_secrets_are_not_printed() -> None:
    seed = a_seed()
    state = State(seed, Clock())
    printed = repr(seed) + repr(state.apps)
    assert not [secret for secret in (BOT_TOKEN, APP_TOKEN, seed.apps[0].signing_secret) if secret in printed]


def test_ids_are_of_slacks_form_and_the_same_each_time() -> None:
    assert make_id("U", "Mary-Jane 2") == "U0MARYJANE2"
    assert make_id("C", "x") == "C0X0000000"


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="alice"):
        State(Seed(people=(Person("alice"), Person("alice")), rooms=()), Clock())
    with pytest.raises(ValueError, match="C0X"):
        State(Seed(people=(Person("alice"),), rooms=(Room("a", id="C0X"), Room("b", id="C0X"))), Clock())


def test_everyone_has_a_direct_conversation_with_the_app_from_the_start() -> None:
    state = State(a_seed(), Clock())
    bot = state.find_app().bot_user_id
    direct = [channel for channel in state.channels.values() if channel.kind is Kind.IM]
    assert {channel.other(bot) for channel in direct} == {
        state.find_user(name).id for name in ("alice", "bob", "carol")
    }
    again, was_there = state.open_direct((state.find_user("bob").id, bot))
    assert was_there
    assert again in direct


def test_no_two_messages_have_one_ts_and_ts_grows() -> None:
    clock = Clock()
    state = State(a_seed(), clock)
    stamps = [state.next_ts() for _ in range(3)]
    clock.move(timedelta(microseconds=1))
    stamps.append(state.next_ts())
    assert stamps == sorted(set(stamps))
    assert stamps[0] == "1793620800.000000"


def test_watchers_are_told_of_every_change_with_what_was_before() -> None:
    state = State(a_seed(), Clock())
    told: list[Change] = []
    state.watchers.append(told.append)
    message = state.post(Message(state.next_ts(), "C0GENERAL0", "one"))
    state.change(replace(message, text="two"))
    state.react(replace(message, text="two"), "eyes", "U0ALICE000")
    state.unreact(state.messages("C0GENERAL0")[0], "eyes", "U0ALICE000")
    state.delete(state.messages("C0GENERAL0")[0])
    assert [change.what for change in told] == [What.MESSAGE, What.CHANGED, What.CHANGED, What.CHANGED, What.DELETED]
    assert told[1].before == message
    assert told[2].message is not None
    assert told[2].message.reactions == (("eyes", ("U0ALICE000",)),)
    assert state.messages("C0GENERAL0") == []


def test_a_trigger_works_once_for_its_app_within_three_seconds() -> None:
    clock = Clock()
    state = State(a_seed(), clock)
    triggers, app, alice = Triggers(state), state.find_app(), state.find_user("alice")
    used, late = triggers.issue(app, alice), triggers.issue(app, alice)
    assert triggers.exchange(app, used).user == alice.id
    clock.move(timedelta(seconds=3, microseconds=1))
    for trigger, error in ((used, "exchanged_trigger_id"), (late, "expired_trigger_id"), ("x", "invalid_trigger_id")):
        with pytest.raises(NotExchanged, match=error):
            triggers.exchange(app, trigger)
    with pytest.raises(NotExchanged, match="invalid_trigger_id"):
        triggers.exchange(replace(app, id="A0OTHER"), triggers.issue(app, alice))
