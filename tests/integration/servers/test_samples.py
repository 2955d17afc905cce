"""What a sample counts, on true servers: limits as the server counts them, programs and networks, and what idles."""

import asyncio

from bot.demo.clients import Doing
from bot.servers.capacity import Limit, LimitKind
from bot.servers.postgres import PostgresServer
from bot.servers.samples import Crowd, Sample
from tests.eventually import eventually
from tests.integration.servers.conftest import Class, read

PLACE = "127.0.0.0/24"


def crowd(sample: Sample, program: str) -> Crowd:
    (found,) = [one for one in sample.crowds if one.program == program]
    return found


async def test_limits_and_crowds_are_those_of_the_server(course: Class, server: PostgresServer) -> None:
    one, two = course.make_student(limit=5), course.make_student(limit=7)
    for role in (one, one, two):
        await course.postgres.open_backend(role, application_name="pgAdmin 4 - CONN:1")
    await course.postgres.open_backend(two, Doing.IN_TRANSACTION, application_name="job 1.2.3")
    await course.postgres.open_backend(two, Doing.ACTIVE, application_name="job 1.2.4")

    sample = await server.sample()

    assert crowd(sample, "pgAdmin") == Crowd("pgAdmin", PLACE, False, roles=2, used=3, idle=3, stale=0)
    assert crowd(sample, "job") == Crowd("job", PLACE, False, roles=1, used=2, idle=1, stale=0)
    assert Limit(LimitKind.ROLE, one, 2, 5) in sample.limits
    assert Limit(LimitKind.ROLE, two, 3, 7) in sample.limits
    reading = await read(server, one)
    assert sample.limits[0] == reading.capacity.server
    (base,) = [limit for limit in sample.limits if limit.name == "postgres" and limit.kind is LimitKind.DATABASE]
    assert base.used == sample.limits[0].used
    assert sample.at >= reading.at.replace(microsecond=0)
    assert not any(one.program == "connbot" for one in sample.crowds), "its own connection is none of the course's"


async def test_a_service_is_told_apart_and_a_role_s_name_in_a_program_s_is_not_kept(course: Class) -> None:
    role, service = course.make_student(), course.postgres.make_role("canvas")
    await course.postgres.open_backend(role, application_name=f"{role.upper()}'s homework")
    await course.postgres.open_backend(service, application_name="job")
    server = await course.open(services=(service,))

    sample = await server.sample()

    assert crowd(sample, "").used == 1
    assert crowd(sample, "job").service
    assert not crowd(sample, "").service


async def test_the_server_s_own_count_of_ended_sessions_is_read(course: Class, server: PostgresServer) -> None:
    victim = await course.postgres.open_backend(course.make_student())
    before = await server.sample()
    course.postgres.admin.execute("SELECT pg_terminate_backend(%s)", [victim.pid])

    async def counted() -> bool:
        after = await server.sample()
        more = {oid: killed.count - before.killed[oid].count for oid, killed in after.killed.items()}
        # Those that the test before ended may be told late.
        return sum(more.values()) >= 1

    await eventually(counted)
    assert (await server.sample()).postmaster_at == before.postmaster_at < before.at


async def test_without_the_right_to_see_states_nothing_is_said_of_what_idles(course: Class) -> None:
    bot = course.postgres.make_bot_role(stats=False)
    await course.postgres.open_backend(course.make_student(limit=3), application_name="job")
    server = await course.open(bot)

    sample = await server.sample()

    assert crowd(sample, "job") == Crowd("job", "", False, roles=1, used=1, idle=None, stale=None)


async def test_samples_and_readings_share_the_one_connection(course: Class, server: PostgresServer) -> None:
    role = course.make_student()
    await asyncio.gather(server.sample(), read(server, role), server.sample())
    assert course.sessions() == 1


async def test_the_bot_s_other_replicas_are_none_of_the_programs_and_take_slots_all_the_same(course: Class) -> None:
    bot = course.postgres.make_bot_role()
    one, _ = await course.open(bot), await course.open(bot)
    # As its own database's connections do.
    await course.postgres.open_backend(course.postgres.make_role("owner"), application_name="connbot")

    sample = await one.sample()

    assert not any(crowd.program == "connbot" for crowd in sample.crowds)
    assert Limit(LimitKind.ROLE, bot, 2, None) in sample.limits
