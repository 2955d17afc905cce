"""`/conns`: what a responder sees, what an owner sees, and that others see nothing."""

import asyncio
from pathlib import Path

from bot.slack import ids
from tests.courses import Course, a_course, a_seed, slack_id
from tests.postgres import Postgres

HOSTILE = "<!channel> *x* <http://evil|y> `z` \u202e"


async def test_responder_sees_the_limit_that_bites_and_every_connection(course: Course) -> None:
    alice = course.make_student()
    opened = await course.fill(alice)
    await course.grant("tom")

    answer = await course.ask("tom", f"/conns {alice}")

    assert "5 of 5" in answer.text
    assert "cannot open another" in answer.text
    assert all(str(one.pid) in str(answer.blocks) for one in opened)
    assert answer.ephemeral_to == slack_id("tom")


async def test_role_is_found_folded_and_an_unknown_one_is_told_to_those_who_may_know(course: Course) -> None:
    alice = course.make_student()
    await course.grant("tom")

    assert alice in (await course.ask("tom", f"/conns {alice.upper()}")).text
    assert "nobody_such" in (await course.ask("tom", "/conns nobody_such")).text


async def test_refusal_reads_the_same_whether_or_not_the_role_exists(course: Course) -> None:
    alice = course.make_student()
    await course.fill(alice, 2)

    real = await course.ask("mallory", f"/conns {alice}")
    made_up = await course.ask("mallory", "/conns student_00000000")

    assert real.text.replace(alice, "ROLE") == made_up.text.replace("student_00000000", "ROLE")
    assert "2 of 5" not in str(real)
    assert [entry["kind"] for entry in await course.history()][:2] == ["refusal", "refusal"]


async def test_owner_sees_own_connections_without_naming_the_role(course: Course) -> None:
    alice = course.make_student()
    await course.fill(alice, 2, "pgAdmin 4 - DB:class")
    await course.own("alice", alice)

    answer = await course.ask("alice", "/conns")

    assert "2 of 5" in answer.text
    assert "Close" in str(answer.blocks)


async def test_owner_of_nothing_is_told_what_to_do(course: Course) -> None:
    answer = await course.ask("mallory", "/conns")

    assert slack_id("mallory") in answer.text


async def test_owner_of_one_role_sees_no_other(course: Course) -> None:
    alice, bob = course.make_student(), course.make_student()
    await course.fill(bob, 1)
    await course.own("alice", alice)

    answer = await course.ask("alice", f"/conns {bob}")

    assert "1 of 5" not in str(answer)
    assert (await course.history(bob))[0]["kind"] == "refusal"


async def test_names_from_clients_are_data(course: Course) -> None:
    alice = course.make_student()
    await course.postgres.open_backend(alice, application_name=HOSTILE)
    await course.grant("tom")

    answer = await course.ask("tom", f"/conns {alice}")

    assert "<!channel>" not in str(answer)
    assert "<http" not in str(answer)
    assert "\u202e" not in str(answer)


async def test_ticked_connections_are_proposed_and_nothing_ends(course: Course) -> None:
    alice = course.make_student()
    opened = await course.fill(alice, 3)
    await course.grant("tom")
    listed = await course.ask("tom", f"/conns {alice}")
    box = next(block for block in listed.blocks or () if str(block.get("block_id", "")).startswith("choose:"))
    options = next(e for e in box.get("elements", [box.get("accessory")]) if e["type"] == "checkboxes")["options"]
    chosen = next(o for o in options if o["value"].startswith(str(opened[1].pid)))

    await course.workspace.check("tom", listed.channel, listed.ts, [chosen["value"]])
    asked = await course.press("tom", listed, ids.TERMINATE_CHOSEN)

    assert str(opened[1].pid) in asked.text
    assert str(opened[0].pid) not in asked.text
    assert all(course.postgres.is_open(one) for one in opened)


async def test_a_hundred_people_at_once_are_answered_over_one_connection(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    people = [f"person{number:03}x" for number in range(100)]
    async with a_course(postgres18, migrated_sqlite_url, tmp_path, seed=a_seed(people)) as course:
        alice = course.make_student()
        await course.fill(alice, 2)
        for name in people:
            await course.grant(name)

        answers = await asyncio.gather(*(course.ask(name, f"/conns {alice}") for name in people))

        assert all("2 of 5" in answer.text for answer in answers)
        assert held(course) == 1


def held(course: Course) -> int:
    """How many connections the bot has to the server."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'connbot' AND usename LIKE 'connbot%'"
    row = course.postgres.admin.execute(query).fetchone()
    assert row is not None
    return int(row[0])


async def test_the_eleventh_command_of_a_minute_gets_one_notice_and_then_silence(course: Course) -> None:
    await course.grant("tom")
    for _ in range(13):
        await course.type("tom", "/connbot help")

    await course.workspace.wait_for(lambda: len(course.workspace.messages("db-help", "tom")) == 11)
    await course.type("priya", "/connbot help")
    await course.next("priya")
    assert len(course.workspace.messages("db-help", "tom")) == 11
