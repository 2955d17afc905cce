"""The admin console of a server's PgBouncer: a true one of Debian's, and one that speaks as newer ones do."""

from bot.doctor.finding import Level
from tests.consoles import a_console
from tests.integration.doctor.conftest import Newcomer
from tests.poolers import a_pooler

SERVER = "Server class"


async def test_a_true_one_answers_and_one_that_is_not_there_is_told(newcomer18: Newcomer) -> None:
    postgres = newcomer18.postgres
    dsn = postgres.dsn(postgres.make_bot_role(reserved=True))
    student = postgres.make_role()
    with a_pooler(postgres, [student]) as pooler:
        told = await newcomer18.look(dsn, toml=f'pgbouncer = "{pooler.console()}"')
        assert told.bad(SERVER) == []
        assert told.says("The admin console of its PgBouncer 1.")

        for user in ("nobody", student):
            told = await newcomer18.look(dsn, toml=f'pgbouncer = "{pooler.console(user)}"')
            found = told.the("admin console")
            assert found.level is Level.FAULT
            assert found.lines == (f"admin_users = {user}",)

        # Somebody who names the pooler as the server is told that it is one.
        through = await newcomer18.look(pooler.dsn("connbot_admin"))
        assert "Name the server itself" in through.the("cannot be reached").mend
        pooler.halt()
        found = (await newcomer18.look(dsn, toml=f'pgbouncer = "{pooler.console()}"')).the("The admin console")
    assert found.level is Level.FAULT
    assert found.lines == (f"pg_isready -h 127.0.0.1 -p {pooler.port}",)


async def test_what_an_old_one_cannot_do_and_databases_that_lead_elsewhere(newcomer18: Newcomer) -> None:
    dsn = newcomer18.postgres.dsn(newcomer18.postgres.make_bot_role(reserved=True))
    async with a_console("1.22.1") as old, a_console("1.25.2") as new:
        told = await newcomer18.look(dsn, toml=f'pgbouncer = "{old.dsn()}"')
        assert told.the("none can be ended from here").level is Level.NOTE
        told = await newcomer18.look(dsn, toml=f'pgbouncer = "{new.dsn()}"')
        assert told.says("PgBouncer 1.25.2 answers: the clients behind it are shown and can be ended")


async def test_a_console_s_address_that_cannot_be_read(newcomer18: Newcomer) -> None:
    dsn = newcomer18.postgres.dsn(newcomer18.postgres.make_bot_role(reserved=True))

    (told,) = (await newcomer18.look(dsn, toml='pgbouncer = "host"')).bad(SERVER)

    assert told.startswith("The pgbouncer of servers.class cannot be read")
