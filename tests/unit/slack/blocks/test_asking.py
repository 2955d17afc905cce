"""The questions and short words that answer a click."""

import pytest

from bot.incidents.incident import Scope, ScopeKind
from bot.slack import ids
from bot.slack.blocks import asking
from bot.slack.commands import CommandNames
from bot.slack.incident_payloads import RoleAsked, Source, read_role_asked
from bot.slack.payloads import Behind, read_behind
from bot.workspace.block_kit.views import faults_in_view
from tests.block_rules import buttons, faults
from tests.hostile import NAMES
from tests.trouble import THREAD, an_incident

SOURCE = Source("U0ALICE", THREAD, "1763812800.000200")
BEHIND = Behind(THREAD.channel, THREAD.thread)
COMMANDS = CommandNames(connbot="/bot")


@pytest.mark.parametrize("name", NAMES)
def test_every_short_word_may_be_sent_whatever_things_are_called(name: str) -> None:
    incident = an_incident(scope=Scope(ScopeKind.ROLE, name), server=name)
    for message in (
        asking.render_how_to_link(names=COMMANDS),
        asking.render_not_linked(name, name, names=COMMANDS),
        asking.render_noted(name, name),
        asking.render_noted_server(name),
        asking.render_waits(),
        asking.render_is_in(),
        asking.render_over(incident),
        asking.render_was_not_waiting(),
        asking.render_not_yours(SOURCE),
        asking.render_resolved(incident),
        asking.render_nothing_open(),
        asking.render_which_is_over([incident, an_incident(id="i2", server=name, scope=Scope(ScopeKind.SERVER))]),
    ):
        assert faults(message) == []


def test_who_owns_nothing_is_told_the_command_of_this_workspace_and_nothing_else() -> None:
    message = asking.render_how_to_link(names=COMMANDS)
    assert "/bot link ROLE" in message.text
    assert buttons(message) == []


def test_which_is_over_has_one_button_an_incident_each_with_its_own_id() -> None:
    asked = asking.render_which_is_over([an_incident(id=f"i{number}") for number in range(30)])
    found = buttons(asked)
    assert len(found) == asking.INCIDENTS_SHOWN
    assert len({button["action_id"] for button in found}) == len(found)
    assert all(ids.any_number(ids.RESOLVE_INCIDENT).fullmatch(button["action_id"]) for button in found)


@pytest.mark.parametrize("name", [name for name in NAMES if name])
@pytest.mark.parametrize("count", [0, 2, 200])
def test_the_modal_for_another_role_is_one_that_slack_takes(name: str, count: int) -> None:
    view = asking.role_window(RoleAsked(SOURCE, None), [name] * count, BEHIND)
    assert faults_in_view(view) == ()
    assert len([block for block in view["blocks"] if block["type"] == "input"]) == (2 if count else 1)


def test_the_modal_for_another_role_knows_whose_question_it_answers() -> None:
    asked = RoleAsked(SOURCE, "class")
    behind = read_behind(asking.role_window(asked, (), BEHIND)["private_metadata"])
    assert (behind.channel, behind.thread) == (THREAD.channel, THREAD.thread)
    assert read_role_asked(behind.about) == asked
