"""What the letter tells, gathered: each server asked once, and done without where it does not answer."""

import asyncio

from bot.doctor.letter import Home, ServerAsked
from bot.errors import SetupError
from bot.servers import guard_place, opening
from bot.servers.guard_script import install
from bot.servers.settings import ServerSettings
from bot.settings import Course, Environment
from bot.storage.engine import OwnDatabase


def home(environment: Environment) -> Home:
    """Say where the bot itself lives; raises `SetupError` for an address of its database that is none."""
    database = OwnDatabase(environment.database_url)
    address = str(database.path) if database.path else database.address.replace("postgresql+psycopg", "postgresql")
    return Home(
        address,
        is_file=database.path is not None,
        over_http=environment.app_token is None and environment.signing_secret is not None,
        keyed=environment.audit_key is not None,
    )


async def ask(course: Course) -> list[ServerAsked]:
    """Ask every server at once; raises `SetupError` with the faults of all DSNs that cannot be read."""
    if faults := tuple(fault for settings in course.servers for fault in opening.faults(settings)):
        raise SetupError(faults)
    return [*await asyncio.gather(*(_ask(settings) for settings in course.servers))]


async def _ask(settings: ServerSettings) -> ServerAsked:
    asked = await guard_place.ask(settings)
    place, fault, script = asked.place, "", ""
    try:
        script = install(settings, place)
    except SetupError as exc:
        fault = str(exc)
    return ServerAsked(
        settings,
        place.role,
        place.database,
        place.version,
        asked.failure.detail or asked.failure.why if asked.failure else "",
        script,
        fault,
        guarded=asked.facts.guard.usable if asked.facts else None,
        students=place.students,
    )
