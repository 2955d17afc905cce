"""`/connbot link`: whoever shows a session of the role, or is vouched for, owns it; nobody else does, whatever they send."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from psycopg import sql
from sqlalchemy import insert, select, update

from bot.access.class_list import parse
from bot.access.link import LinkRequest
from bot.access.links import Links
from bot.access.member import Actor, Grade, Origin, Owner
from bot.access.ownership import Ownership
from bot.access.roster import Enrolled, preview
from bot.clock import clock
from bot.demo.clients import Refused
from bot.incidents.patience import Patience
from bot.slack import ids
from bot.storage.record import Record, Verified
from bot.storage.tables import link_news, metadata, posts
from bot.storage.tables import owners as owner_rows
from bot.workspace.delivery import Envelope
from bot.workspace.limits import Fault
from bot.workspace.model import Message
from tests.clicks import a_click
from tests.courses import Course, a_course, channel_id, served, slack_id
from tests.eventually import eventually
from tests.postgres import OpenBackend, Postgres

LINE = re.compile(r"SET application_name = '([^']+)';")
LOOKS = timedelta(seconds=0.1)
SOON = Patience(look_every=LOOKS)
HURRIED = Patience(look_every=LOOKS, proof_waits=timedelta(seconds=1.5))
STAFF = "staff"


@asynccontextmanager
async def begun(
    postgres: Postgres, url: str, folder: Path, patience: Patience = SOON, *, serving: bool = True
) -> AsyncIterator[Course]:
    top = f"staff_channel = '{channel_id(STAFF)}'"
    async with a_course(postgres, url, folder, top=top, patience=patience, serving=serving) as course:
        await course.grant("priya", Grade.INSTRUCTOR)
        await course.grant("tom")
        yield course
        assert course.workspace.broadcasts == []
        async with course.database() as database, database.read() as connection:
            assert isinstance(await Record(None).verify(connection), Verified)


@pytest_asyncio.fixture
async def course(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    async with begun(postgres18, migrated_sqlite_url, tmp_path) as course:
        yield course


@pytest_asyncio.fixture
async def either(postgres18: Postgres, migrated_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    """A course over an own database of either kind."""
    async with begun(postgres18, migrated_url, tmp_path) as course:
        yield course


@pytest_asyncio.fixture
async def hurried(postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[Course]:
    """A course whose codes are looked for so shortly that a test can wait for their end."""
    async with begun(postgres18, migrated_sqlite_url, tmp_path, HURRIED) as course:
        yield course


def dms(course: Course, who: str) -> list[str]:
    return [message.text for message in course.workspace.messages(course.workspace.dm(who), who)]


def staff_read(course: Course) -> list[Message]:
    return course.workspace.messages(STAFF, "tom")


async def line_for(course: Course, who: str, role: str, more: str = "") -> str:
    """Ask to be linked, and return what a session is to show, out of the direct message."""
    before = len(dms(course, who))
    answer = await course.ask(who, f"/connbot link {role}{more}")
    assert "by direct message" in answer.text
    assert not LINE.search(answer.text)
    shown = LINE.search(dms(course, who)[before])
    assert shown, dms(course, who)
    return shown[1]


async def show(backend: OpenBackend, name: str) -> None:
    """Run the line in an open session."""
    await backend.connection.execute(sql.SQL("SET application_name = {}").format(name))


async def owners(course: Course, role: str) -> list[tuple[str, str]]:
    async with course.database() as database:
        found = await Ownership(database, Record(None)).owners_of(course.team, "class", course.role(role).oid)
        return [(owner.slack_id, owner.origin) for owner in found]


async def told(course: Course, who: str, words: str) -> str:
    found: list[str] = await eventually(lambda: [text for text in dms(course, who) if words in text], within=10)
    assert len(found) == 1, found
    return found[0]


async def looked_again(course: Course) -> None:
    """Wait until the bot has looked at least twice more: what another code proves now came to pass after all before it."""
    probe = course.make_student()
    session = await course.postgres.open_backend(probe)
    await show(session, await line_for(course, "bob", probe))
    await eventually(lambda: any(probe in text and "yours now" in text for text in dms(course, "bob")), within=10)


async def test_at_the_limit_a_line_in_an_open_session_makes_the_role_its_persons(either: Course) -> None:
    course = either
    role = course.make_student()
    opened = await course.fill(role)
    with pytest.raises(Refused):
        await course.postgres.open_backend(role)
    assert "No role is known to be yours" in (await course.ask("alice", "/conns")).text

    name = await line_for(course, "alice", role)
    assert re.fullmatch(r"connbot-link alice@example\.edu [2-9A-HJ-NP-Z]{12}", name)
    assert await owners(course, role) == []
    await show(opened[2], name)

    assert role in await told(course, "alice", "yours now")
    assert await owners(course, role) == [(slack_id("alice"), Origin.POSSESSION)]
    assert "5 of 5" in (await course.ask("alice", "/conns")).text
    (news,) = await eventually(lambda: staff_read(course))
    assert slack_id("alice") in news.text
    assert f"/connbot disown {slack_id('alice')} {role} on class" in news.text
    kinds = [(entry["kind"], entry["state"], entry["requester"]) for entry in await course.history(role)]
    assert kinds[:2] == [("ownership", "linked", slack_id("alice")), ("link_request", "asked", slack_id("alice"))]
    assert all(map(course.postgres.is_open, opened))


async def test_the_owners_there_are_learn_of_a_new_one(course: Course) -> None:
    role = course.make_student()
    await course.own("bob", role)
    session = await course.postgres.open_backend(role)

    await show(session, await line_for(course, "alice", role))

    assert "change the role's password" in await told(course, "bob", f"<@{slack_id('alice')}> owns the role")
    (news,) = await eventually(lambda: staff_read(course))
    assert f"beside <@{slack_id('bob')}>" in news.text


async def test_a_code_counts_for_nothing_but_what_it_is_for(course: Course) -> None:
    alice = course.make_student(limit=-1)
    boss = course.postgres.make_role("boss", superuser=True, groups=(course.students,))
    name = await line_for(course, "mallory", alice)
    code = name.rpartition(" ")[2]
    others = [course.make_student(), course.service, boss]
    course.postgres.run("GRANT {} TO {}", alice, others[0])
    for role in others:
        await show(await course.postgres.open_backend(role), name)
    as_alice = await course.postgres.open_backend(others[0])
    await as_alice.connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(alice)))
    await show(as_alice, name)
    # A session that does not say whom it links, or says somebody else, links nobody.
    changed = (code, f"connbot-link {code}", f"connbot-link alice@example.edu {code}", f"{name} ", name.lower())
    for shown in (*changed, name[:-12] + "2" * 12):
        await show(await course.postgres.open_backend(alice), shown)

    await looked_again(course)

    assert await owners(course, alice) == []
    assert "No role is known to be yours" in (await course.ask("mallory", "/conns")).text


async def test_a_role_made_anew_since_is_another_role(course: Course) -> None:
    alice = course.make_student()
    name = await line_for(course, "alice", alice)
    course.postgres.run("DROP ROLE {}", alice)
    course.postgres.make_role(name=alice, groups=(course.students,))
    await show(await course.postgres.open_backend(alice), name)

    await looked_again(course)

    assert await owners(course, alice) == []


async def test_a_code_links_once(course: Course) -> None:
    alice = course.make_student()
    session = await course.postgres.open_backend(alice)
    await show(session, await line_for(course, "alice", alice))
    await told(course, "alice", "yours now")
    await course.grant("priya", Grade.INSTRUCTOR)

    await course.ask("priya", f"/connbot disown {slack_id('alice')} {alice}")
    await looked_again(course)

    assert await owners(course, alice) == []


async def test_a_code_that_a_database_gives_to_whoever_comes_is_void(course: Course) -> None:
    """As the owner of a shared database can have it: nobody chose to show that."""
    alice = course.make_student()
    mallory = course.make_student()
    base = course.postgres.make_database("team", owner=mallory)
    name = await line_for(course, "mallory", alice)
    course.postgres.run("ALTER DATABASE {} SET application_name = {}", base, sql.Literal(name))

    await eventually(lambda: any("No connection" in text for text in dms(course, "mallory")), within=10)
    victim = await course.postgres.open_backend(alice, dbname=base)
    await looked_again(course)

    assert course.postgres.activity(victim.pid)["application_name"] == name
    assert await owners(course, alice) == []
    assert ("link_request", "void") in {(entry["kind"], entry["state"]) for entry in await course.history(alice)}


async def test_a_code_that_nobody_shows_is_given_up_and_told_once(hurried: Course) -> None:
    alice = hurried.make_student()
    name = await line_for(hurried, "alice", alice)

    text = await told(hurried, "alice", "showed your code in time")
    await show(await hurried.postgres.open_backend(alice), name)
    await asyncio.sleep(3 * LOOKS.total_seconds())

    assert f"/connbot link {alice} on class" in text
    assert len(dms(hurried, "alice")) == 2
    assert await owners(hurried, alice) == []
    # The other way is still open there.
    last = hurried.workspace.messages(hurried.workspace.dm("alice"), "alice")[-1]
    assert "The staff are asked" in (await hurried.press("alice", last, ids.ASK_TO_VOUCH)).text


async def test_whether_there_is_such_a_role_is_not_told(hurried: Course) -> None:
    there, boss = hurried.make_student(), hurried.postgres.make_role("boss", superuser=True)
    missing = there.replace("student", "nobody")
    seen = []
    for role in (there, missing, boss, hurried.service):
        answer = await hurried.ask("mallory", f"/connbot link {role}")
        await eventually(lambda: any("in time" in text for text in dms(hurried, "mallory")), within=10)
        both = [answer.text, *dms(hurried, "mallory")]
        words = [LINE.sub("LINE", re.sub(r"[0-9]{2}:[0-9]{2}", "TIME", text)).replace(role, "ROLE") for text in both]
        seen.append(words)
        for message in hurried.workspace.messages(hurried.workspace.dm("mallory"), "mallory"):
            hurried.workspace.state.delete(message)
    assert all(words == seen[0] for words in seen)
    assert len(seen[0]) == 3


async def test_three_codes_at_a_time(course: Course) -> None:
    roles = [course.make_student() for _ in range(4)]
    for role in roles[:3]:
        await line_for(course, "mallory", role)

    answer = await course.ask("mallory", f"/connbot link {roles[3]}")

    assert "Three codes" in answer.text
    assert len(dms(course, "mallory")) == 3


async def test_the_line_is_answered_where_no_direct_message_goes(course: Course) -> None:
    alice = course.make_student()
    course.workspace.inject("conversations.open", Fault(status=403))

    answer = await course.ask("alice", f"/connbot link {alice}")

    shown = LINE.search(answer.text)
    assert shown
    assert answer.ephemeral_to == slack_id("alice")
    await show(await course.postgres.open_backend(alice), shown[1])
    await told(course, "alice", "yours now")


async def test_who_owns_it_already_needs_no_proof(course: Course) -> None:
    alice = course.make_student()
    await course.own("alice", alice)
    assert "yours already" in (await course.ask("alice", f"/connbot link {alice}")).text
    assert dms(course, "alice") == []


async def test_a_role_of_hostile_name(course: Course) -> None:
    alice = course.postgres.make_role(name='<!channel> "x"', groups=(course.students,))
    session = await course.postgres.open_backend(alice)
    await show(session, await line_for(course, "alice", '"<!channel> ""x"""'))
    await told(course, "alice", "yours now")
    assert await owners(course, alice) == [(slack_id("alice"), "possession")]


# Staff.


async def carded(course: Course, who: str, role: str) -> Message:
    """Ask to be vouched for, and return the card that staff see."""
    before = len(staff_read(course))
    sent = await course.ask(who, f"/connbot link {role}")
    answer = await course.press(who, sent, ids.ASK_TO_VOUCH)
    assert "The staff are asked" in answer.text
    cards = await eventually(lambda: staff_read(course)[before:])
    assert len(cards) == 1
    return cards[0]


async def send(course: Course, who: str, message: Message, action: str, **changes: str) -> None:
    """Send a click on a button that this person does not see, or that there is not."""
    click = a_click(course, who, message, action, trigger=f"1.2.{secrets.token_hex(4)}")
    click["actions"][0].update(changes)
    delivered = await course.workspace._delivery.send(course.workspace.app(), Envelope.INTERACTION, click)
    assert delivered.acknowledged


async def press_card(course: Course, who: str, card: Message, action: str) -> None:
    delivered = await course.workspace.click(who, card.channel, card.ts, action_id=action)
    assert delivered.acknowledged


def card_now(course: Course, card: Message) -> Message:
    return next(message for message in staff_read(course) if message.ts == card.ts)


async def decided(course: Course, card: Message) -> Message:
    await eventually(lambda: not any(block["type"] == "actions" for block in card_now(course, card).blocks or ()))
    return card_now(course, card)


async def test_staff_see_who_asks_and_what_the_roster_says_and_vouch(either: Course) -> None:
    course = either
    alice = course.make_student()
    await course.own("bob", alice)
    card = await carded(course, "alice", alice)
    for said in (f"<@{slack_id('alice')}>", "Alice", "alice@example.edu", "no role on that server", "by staff"):
        assert said in card.text

    await press_card(course, "priya", card, ids.VOUCH)

    shown = await decided(course, card)
    assert f"<@{slack_id('priya')}> vouched" in shown.text
    assert "example.edu" not in str(shown.blocks)
    assert "vouched for you" in await told(course, "alice", "yours now")
    await told(course, "bob", f"<@{slack_id('alice')}> owns the role")
    assert (slack_id("alice"), "vouch") in await owners(course, alice)
    assert len(staff_read(course)) == 1


async def test_who_asks_hears_that_staff_cannot_be_reached(course: Course) -> None:
    sent = await course.ask("alice", f"/connbot link {course.make_student()}")
    staff, state = course.workspace.state.find_channel(STAFF), course.workspace.state
    members = tuple(one for one in staff.members if one != course.workspace.app().bot_user_id)
    state.channels[staff.id] = replace(staff, members=members)

    for _ in range(2):
        answer = await course.press("alice", sent, ids.ASK_TO_VOUCH)
        assert "I cannot reach the staff's channel now" in answer.text
        assert slack_id("alice") in answer.text


async def test_not_theirs(course: Course) -> None:
    alice = course.make_student()
    card = await carded(course, "mallory", alice)

    await press_card(course, "priya", card, ids.NOT_THEIRS)

    assert "is not" in (await decided(course, card)).text
    await told(course, "mallory", "did not confirm")
    assert await owners(course, alice) == []


async def test_a_role_that_is_none_cannot_be_vouched_for(course: Course) -> None:
    card = await carded(course, "mallory", "nobody_of_that_name")
    assert "There is no student's role" in card.text
    assert "'Vouch'" not in str(card.blocks)
    await send(course, "priya", card, ids.NOT_THEIRS, action_id=ids.VOUCH)
    await eventually(
        lambda: any("is not the role any more" in message.text for message in staff_read_by(course, "priya"))
    )
    await press_card(course, "priya", card, ids.NOT_THEIRS)
    await decided(course, card)


def staff_read_by(course: Course, who: str) -> list[Message]:
    return course.workspace.messages(STAFF, who)


async def test_students_and_helpers_vouch_for_nobody_whatever_they_send(course: Course) -> None:
    alice = course.make_student()
    card = await carded(course, "mallory", alice)

    for who in ("mallory", "bob", "alice", "tom"):
        for action in (ids.VOUCH, ids.NOT_THEIRS):
            await send(course, who, card, action)
    refusals = await eventually(lambda: refused(course, 8))

    assert {entry["requester"] for entry in refusals} == {slack_id(who) for who in ("mallory", "bob", "alice", "tom")}
    assert await owners(course, alice) == []
    assert card_now(course, card).text == card.text


async def refused(course: Course, count: int) -> list[dict[str, Any]]:
    found = [entry for entry in await course.history() if entry["kind"] == "refusal"]
    return found if len(found) >= count else []


async def test_a_request_is_put_before_staff_by_its_person_alone(course: Course) -> None:
    alice = course.make_student()
    sent = await course.ask("alice", f"/connbot link {alice}")
    course.look("mallory")

    await send(course, "mallory", sent, ids.ASK_TO_VOUCH)
    await send(course, "mallory", sent, ids.ASK_TO_VOUCH, value="x' OR 1=1")

    await course.workspace.wait_for(lambda: len(course.new("mallory")) == 2, within=10)
    assert all("not one I can read" in message.text for message in course.new("mallory"))
    assert staff_read(course) == []


async def test_a_right_lost_between_card_and_click_is_lost(course: Course) -> None:
    alice = course.make_student()
    card = await carded(course, "alice", alice)
    await course.revoke("priya")

    await press_card(course, "priya", card, ids.VOUCH)

    await eventually(lambda: refused(course, 1))
    assert await owners(course, alice) == []


async def test_of_several_who_click_one_decides_and_the_others_are_told(either: Course) -> None:
    course = either
    alice = course.make_student()
    await course.grant("tina", Grade.ADMIN)
    card = await carded(course, "alice", alice)

    await asyncio.gather(*(send(course, who, card, ids.VOUCH) for who in ("tina", "priya") for _ in range(3)))

    await decided(course, card)
    assert len(await owners(course, alice)) == 1
    await told(course, "alice", "yours now")
    linked = [entry for entry in await course.history(alice) if entry["kind"] == "ownership"]
    assert len(linked) == 1


async def test_what_is_proved_is_nothing_to_ask_staff_about(course: Course) -> None:
    alice = course.make_student()
    session = await course.postgres.open_backend(alice)
    await show(session, await line_for(course, "alice", alice))
    await told(course, "alice", "yours now")
    await eventually(lambda: staff_read(course))

    line = course.workspace.messages(course.workspace.dm("alice"), "alice")[0]
    answer = await course.press("alice", line, ids.ASK_TO_VOUCH)

    assert "That is settled" in answer.text
    await looked_again(course)
    assert not any("vouch" in message.text for message in staff_read(course))


async def test_a_proof_after_the_card_settles_the_card(course: Course) -> None:
    alice = course.make_student()
    session = await course.postgres.open_backend(alice)
    card = await carded(course, "alice", alice)
    line = next(found[1] for text in dms(course, "alice") if (found := LINE.search(text)))

    await show(session, line)

    assert "another way" in (await decided(course, card)).text
    assert await owners(course, alice) == [(slack_id("alice"), "possession")]


async def test_a_link_made_by_staff_in_slack_is_told_to_staff_and_to_the_owners_there_are(course: Course) -> None:
    alice = course.make_student()
    await course.own("bob", alice)

    await course.ask("priya", f"/connbot own {slack_id('alice')} {alice}")

    (news,) = await eventually(lambda: staff_read(course))
    assert f"by staff: <@{slack_id('priya')}>" in news.text
    await told(course, "bob", f"<@{slack_id('alice')}> owns the role")


async def test_a_roster_stored_in_slack_is_one_message_to_staff(course: Course) -> None:
    roles = {who: course.make_student() for who in ("alice", "bob", "mallory")}
    lines = "email,role\n" + "".join(f"{who}@example.edu,{role}\n" for who, role in roles.items())
    people = {f"{who}@example.edu": slack_id(who) for who in roles}
    seen = preview(parse(lines.encode()), people, {role: course.role(role).oid for role in roles.values()})
    async with course.database() as database:
        priya = Actor(course.team, slack_id("priya"))
        stored = await Ownership(database, Record(None)).enrol(priya, seen, server="class", now=clock())
        assert isinstance(stored, Enrolled)

    (news,) = await eventually(lambda: staff_read(course))
    assert "made 3 new owners" in news.text
    await looked_again(course)
    await eventually(lambda: len(staff_read(course)) == 2)
    assert news.ts == staff_read(course)[0].ts
    assert dms(course, "alice") == []


# People who left.


async def test_whose_account_was_closed_owns_nothing_when_it_is_open_again(
    postgres18: Postgres, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with begun(postgres18, migrated_sqlite_url, tmp_path, serving=False) as course:
        alice = course.make_student()
        await course.own("alice", alice)
        await course.own("bob", alice)
        course.workspace.deactivate("alice")

        async with served(course, patience=SOON):
            await eventually(lambda: suspended(course))
            assert await owners(course, alice) == [(slack_id("bob"), "staff")]
            course.workspace.reactivate("alice")
            answer = await course.ask("alice", "/conns")
            assert "/connbot link ROLE" in answer.text

            session = await course.postgres.open_backend(alice)
            await show(session, await line_for(course, "alice", alice))
            await told(course, "alice", "yours now")
            assert "1 of 5" in (await course.ask("alice", "/conns")).text


async def test_an_account_that_is_closed_is_heard_of_at_once(course: Course) -> None:
    alice = course.make_student()
    for who in ("alice", "bob"):
        await course.own(who, alice)

    course.workspace.reactivate("bob")
    course.workspace.deactivate("alice")

    await eventually(lambda: suspended(course))
    assert await owners(course, alice) == [(slack_id("bob"), "staff")]


async def suspended(course: Course) -> list[Owner]:
    async with course.database() as database:
        found = await Ownership(database, Record(None)).all_of(course.team)
    return [owner for owner in found if owner.suspended_at]


async def test_who_owned_an_earlier_role_of_that_name_is_told_the_way_on(course: Course) -> None:
    alice = course.make_student()
    await course.own("alice", alice)
    course.postgres.run("DROP ROLE {}", alice)

    gone = await course.ask("alice", f"/conns {alice}")
    course.postgres.make_role(name=alice, groups=(course.students,))
    anew = await course.ask("alice", f"/conns {alice}")

    assert gone.text == anew.text
    assert f"/connbot link {alice} on class" in anew.text
    assert "earlier role of that name" in anew.text


# Bad days.


async def test_a_restart_in_between_forgets_nothing(postgres18: Postgres, migrated_url: str, tmp_path: Path) -> None:
    async with begun(postgres18, migrated_url, tmp_path, serving=False) as course:
        alice, bob = course.make_student(), course.make_student()
        async with served(course, patience=SOON):
            name = await line_for(course, "alice", alice)
            card = await carded(course, "bob", bob)
        await show(await course.postgres.open_backend(alice), name)
        assert await owners(course, alice) == []

        async with served(course, patience=SOON):
            await told(course, "alice", "yours now")
            await press_card(course, "priya", card, ids.VOUCH)
            await decided(course, card)
            await told(course, "bob", "yours now")
    assert len(staff_read(course)) == 2


async def test_what_a_process_did_not_live_to_tell_is_told_once(
    postgres18: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    async with begun(postgres18, migrated_url, tmp_path, serving=False) as course:
        alice = course.make_student()
        async with course.database() as database:
            links = Links(database, Record(None), Ownership(database, Record(None)))
            actor = Actor(course.team, slack_id("alice"))
            asked = await links.ask(
                actor, server="class", asked_for=alice, role=course.role(alice), shown="x", waits=SOON.proof_waits
            )
            assert isinstance(asked, LinkRequest)
            assert await links.prove(asked)
        async with served(course, patience=SOON):
            await told(course, "alice", "yours now")
            await eventually(lambda: staff_read(course))
            await eventually(lambda: nothing_untold(course))
            # As when it was killed right after it had sent both messages.
            await forget_what_was_sent(course)
            await eventually(lambda: nothing_untold(course))
    assert len(dms(course, "alice")) == len(staff_read(course)) == 1


async def forget_what_was_sent(course: Course) -> None:
    async with course.database() as database, database.write() as connection:
        (about,) = (await connection.execute(select(posts.c.about).distinct())).scalars()
        long_ago = clock() - timedelta(minutes=5)
        await connection.execute(update(posts).values(ts=None, sent_at=None, claimed_at=long_ago))
        role = (await connection.execute(select(owner_rows))).one()
        await connection.execute(
            insert(link_news).values(
                id=about,
                team=course.team,
                kind="new_owner",
                slack_id=role.slack_id,
                server=role.server,
                role=role.role,
                role_oid=role.role_oid,
                origin=role.origin,
                by=role.linked_by,
                at=role.linked_at,
            )
        )


async def nothing_untold(course: Course) -> bool:
    async with course.database() as database, database.read() as connection:
        sent = (await connection.execute(select(posts.c.sent_at))).scalars().all()
        left = (await connection.execute(select(link_news.c.id))).all()
        return None not in sent and not left


async def test_no_code_is_kept(either: Course) -> None:
    course = either
    name = await line_for(course, "alice", course.make_student())
    async with course.database() as database, database.read() as connection:
        rows = [(await connection.execute(table.select())).all() for table in metadata.sorted_tables]
    assert slack_id("alice") in repr(rows)
    assert name not in repr(rows)
    assert name.rpartition(" ")[2] not in repr(rows)


async def test_two_bots_link_once_and_tell_once(
    postgres18: Postgres, migrated_postgresql_url: str, tmp_path: Path
) -> None:
    async with begun(postgres18, migrated_postgresql_url, tmp_path, serving=False) as course, AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(served(course, patience=SOON)) for _ in range(2)))
        roles = {who: course.make_student() for who in ("alice", "bob", "mallory")}
        cards = [await carded(course, who, role) for who, role in roles.items()]
        lines = {who: next(f[1] for text in dms(course, who) if (f := LINE.search(text))) for who in roles}
        for who, role in roles.items():
            await show(await course.postgres.open_backend(role), lines[who])

        for who, role in roles.items():
            await told(course, who, "yours now")
            assert await owners(course, role) == [(slack_id(who), "possession")]
        for card in cards:
            await decided(course, card)
        await eventually(lambda: len(staff_read(course)) == 6)
        await asyncio.sleep(3 * LOOKS.total_seconds())
        assert len(staff_read(course)) == 6
        assert [sum("yours now" in text for text in dms(course, who)) for who in roles] == [1, 1, 1]


async def test_one_who_cannot_be_told_keeps_nobody_else_from_being_told(course: Course) -> None:
    alice = course.make_student()
    session = await course.postgres.open_backend(alice)
    await course.own("bob", alice)
    name = await line_for(course, "alice", alice)
    course.workspace.inject("conversations.open", Fault(status=403))

    await show(session, name)

    await eventually(lambda: staff_read(course))
    await told(course, "bob", f"<@{slack_id('alice')}> owns the role")
    assert (slack_id("alice"), "possession") in await owners(course, alice)
    assert len(dms(course, "alice")) == 1
