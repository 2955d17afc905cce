"""What the letter tells, gathered: each server asked once, and done without where it does not answer."""

import asyncio

from bot.doctor.letter import Home, ServerAsked
from bot.errors import ServerUnavailable, SetupError
from bot.servers import guard_place, opening
from bot.servers.examination import LOOK_WITHIN, target
from bot.servers.guard_place import Asked
from bot.servers.guard_script import Place, install
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
    try:
        async with asyncio.timeout(LOOK_WITHIN):
            asked = await guard_place.ask(settings)
    except TimeoutError:
        failure = ServerUnavailable(settings.name, "unreachable", f"no answer within {LOOK_WITHIN:g} s")
        meant = target(settings.dsn)
        asked = Asked(Place(meant.user, meant.database), failure=failure)
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
    )
