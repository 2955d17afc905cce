"""The staff's tools, as a modal."""

from datetime import UTC
from typing import Any

import pytest

from bot.errors import NotPermitted, ServerUnavailable
from bot.incidents.incident import Scope, ScopeKind
from bot.slack import ids
from bot.slack.blocks import tools
from bot.slack.blocks.tools import Tools
from bot.slack.commands import CommandNames
from bot.slack.payloads import Behind, read_behind
from bot.workspace.block_kit.views import faults_in_view
from bot.workspace.block_kit.walk import elements
from tests.block_rules import faults
from tests.builders import NOON
from tests.hostile import NAMES
from tests.listings import a_listing, an_entry, many
from tests.trouble import FULL_SERVER, SERVER, THREAD, a_crowd, an_incident, facts, over, somebody

BEHIND = Behind(THREAD.channel, THREAD.thread, "i-7a")


def shown(seen: Tools) -> dict[str, Any]:
    view = tools.render(seen, BEHIND, zone=UTC, names=CommandNames())
    assert faults_in_view(view) == ()
    return view


def actions(view: dict[str, Any]) -> list[str]:
    return [element["action_id"] for _, element in elements(view["blocks"])]


def test_a_role_s_tools_are_its_list_and_the_end_of_the_incident() -> None:
    view = shown(Tools(an_incident(), facts(), NOON, a_listing(an_entry(many(12)))))

    assert set(actions(view)) >= {ids.CHOOSE, ids.TERMINATE_CHOSEN, ids.TERMINATE_STRAYS, ids.RESOLVE_INCIDENT}
    assert "stray:" in str(view["blocks"])
    assert read_behind(view["private_metadata"]) == BEHIND


def test_who_waits_is_told_with_their_role_and_since_when() -> None:
    waiting = shown(Tools(an_incident(somebody("U0ALICE", role="alice", since=12)), facts(), NOON))
    assert "<@U0ALICE> \u2014 the role alice, for 12 min" in str(waiting["blocks"])
    many_more = shown(Tools(an_incident(*a_crowd(200), scope=SERVER), FULL_SERVER, NOON))
    assert "170 more" in str(many_more["blocks"])


def test_whoever_may_not_see_the_role_gets_no_figures() -> None:
    view = shown(Tools(an_incident(), facts(5, 5), NOON, refused=NotPermitted("list", "alice", "class")))
    assert "5 of 5" not in str(view["blocks"])
    assert "You may not see the connections" in str(view["blocks"])


def test_a_server_that_does_not_answer_leaves_the_rest() -> None:
    view = shown(Tools(an_incident(), None, NOON, refused=ServerUnavailable("class", "unreachable")))
    assert "cannot be reached" in str(view["blocks"])
    assert actions(view) == [ids.RESOLVE_INCIDENT]


def test_what_is_over_cannot_be_resolved() -> None:
    view = shown(Tools(over(by="U0TOM"), facts(4, 5), NOON))
    assert "by <@U0TOM>" in str(view["blocks"])
    assert actions(view) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name])
@pytest.mark.parametrize("count", [0, 1, 60, 500])
def test_slack_takes_it_whatever_things_are_called_and_however_many_there_are(name: str, count: int) -> None:
    incident = an_incident(*a_crowd(40), scope=Scope(ScopeKind.ROLE, name), server=name)
    shown(Tools(incident, facts(), NOON, a_listing(an_entry(many(count, name, server=name)))))


def test_the_words_around_it_may_be_sent() -> None:
    assert faults(tools.render_proposed(directly=True)) == []
    assert faults(tools.render_proposed(directly=False)) == []
    assert faults(tools.render_too_late()) == []
