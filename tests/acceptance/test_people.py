"""Who somebody is, as Slack tells it: over its own client, from a workspace."""

from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks.linking import Profile
from bot.slack.directory import FEW, closed_accounts, profile_of
from bot.workspace.limits import Fault
from bot.workspace.seed import Person, make_id
from bot.workspace.server import Workspace
from tests.workspaces import a_client, a_seed, a_workspace

ALICE, BOB = make_id("U", "alice"), make_id("U", "bob")


def who(workspace: Workspace) -> tuple[AsyncWebClient, str]:
    return a_client(workspace), workspace.state.team.id


async def test_a_person_of_ours_has_a_name_and_a_confirmed_address() -> None:
    async with a_workspace() as workspace:
        client, team = who(workspace)
        assert await profile_of(client, team, ALICE) == Profile(ALICE, "Alice Liddell", "alice@example.edu")
        user = workspace.state.find_user("alice")
        workspace.state.replace_user(replace(user, email_confirmed=False))
        assert await profile_of(client, team, ALICE) == Profile(ALICE, "Alice Liddell", None)


async def test_strangers_bots_and_closed_accounts_are_nobody() -> None:
    async with a_workspace() as workspace:
        client, team = who(workspace)
        workspace.deactivate("bob")
        for slack_id in (BOB, "U0NOBODY", workspace.app().bot_user_id):
            assert await profile_of(client, team, slack_id) is None
        assert await profile_of(client, "T0ELSEWHERE", ALICE) is None


async def test_what_slack_does_not_tell_now_is_left_out() -> None:
    async with a_workspace() as workspace:
        client, team = who(workspace)
        workspace.inject("users.info", Fault(status=500), times=2)
        assert await profile_of(client, team, ALICE) == Profile(ALICE)
        assert await closed_accounts(client, [ALICE]) is None
        assert await closed_accounts(client, [ALICE]) == frozenset()


@pytest.mark.parametrize("more", [0, FEW])
async def test_closed_accounts_are_found_among_few_and_many(more: int) -> None:
    seed = a_seed()
    others = tuple(Person(f"s{n:03}", f"Student {n}", f"s{n}@example.edu") for n in range(more))
    async with a_workspace(replace(seed, people=(*seed.people, *others))) as workspace:
        client, _ = who(workspace)
        workspace.deactivate("bob")
        asked = [ALICE, BOB, "U0NOBODY", *(make_id("U", person.name) for person in others)]
        assert await closed_accounts(client, asked) == frozenset({BOB})
        assert await closed_accounts(client, [ALICE, *asked[3:]]) == frozenset()
