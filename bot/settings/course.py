"""Settings from `connbot.toml`; all faults of the file are named at once."""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from bot.errors import SetupError
from bot.incidents.patience import USUAL, Patience
from bot.servers.settings import ServerSettings
from bot.settings.environment import Environment
from bot.slack.commands import CommandNames


@dataclass(frozen=True, slots=True)
class Course:
    """What `connbot.toml` says."""

    timezone: ZoneInfo
    staff_channel: str | None
    help_channels: tuple[str, ...]
    consent: str
    commands: CommandNames
    servers: tuple[ServerSettings, ...]
    default: str | None
    samples_every: timedelta = timedelta(seconds=60)
    """Between two samples of a server; 0: none are taken."""
    summary_day: int = 0
    summary_hour: int = 8
    """When the week is told: the day's number (0 is Monday) and the hour, in the course's time zone."""
    patience: Patience = USUAL
    retention_months: int = 0
    """How long incidents and ended proposals name people; 0: for ever."""
    term_ends: date | None = None
    """The last day of the term, in the course's time zone."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        message = "is no time zone: write one such as America/New_York"
        raise ValueError(message) from exc
    return name


COMMAND = r"^/[a-z0-9_-]{1,31}$"
CHANNEL = r"^[CG][A-Z0-9]{2,}$"
SERVER = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
_PROBLEMS = {
    COMMAND: "is no command: write a slash and small letters, such as /conns",
    CHANNEL: "is no channel's id: copy it from the channel's details (C…)",
    SERVER: "is no name for a server: write letters, digits, -, _ and . without blanks",
    "missing": "is missing",
    "extra_forbidden": "no such setting",
    "string_type": "must be text in quotes",
    "string_too_short": "is empty",
    "tuple_type": 'must be a list, such as ["name"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "date_type": "must be a day, such as 2026-12-20, without quotes",
}
"""What is wrong, by pattern or by pydantic's kind of error; its own words serve for the others."""
CommandName = Annotated[str, StringConstraints(pattern=COMMAND)]
ChannelId = Annotated[str, StringConstraints(pattern=CHANNEL)]
ServerName = Annotated[str, StringConstraints(pattern=SERVER)]
RoleName = Annotated[str, StringConstraints(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Commands(_Table):
    conns: CommandName = "/conns"
    kill: CommandName = "/kill"
    connbot: CommandName = "/connbot"

    @model_validator(mode="after")
    def _distinct(self) -> "_Commands":
        if len({self.conns, self.kill, self.connbot}) < 3:
            message = "the three commands need three names"
            raise ValueError(message)
        return self


class _Server(_Table):
    dsn: Annotated[str, StringConstraints(min_length=1)]
    hosts: tuple[str, ...] = ()
    students: tuple[RoleName, ...] = ()
    services: tuple[RoleName, ...] = ()
    ask: str | None = None
    poolers: tuple[str, ...] = ()
    pgbouncer: str | None = None
    cpus: Annotated[int, Field(gt=0)] | None = None
    databases: tuple[RoleName, ...] = ()


class _Samples(_Table):
    every: Annotated[int, Field(ge=0, le=100)] = 60


_Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAYS = get_args(_Day)


class _Summary(_Table):
    day: _Day = "monday"
    hour: Annotated[int, Field(ge=0, le=23)] = 8


class _Incidents(_Table):
    free_for: Annotated[int, Field(ge=1, le=3600)] = 60
    staff_after: Annotated[int, Field(ge=1, le=86400)] = 300

    def patience(self) -> Patience:
        """Return the waits; who waits for little is looked after more often."""
        free_for = timedelta(seconds=self.free_for)
        look_every = min(USUAL.look_every, free_for / 3)
        return Patience(free_for, staff_after=timedelta(seconds=self.staff_after), look_every=look_every)


class _Retention(_Table):
    # Strictly: `true` would be one month, and what is removed is gone.
    months: Annotated[int, Field(strict=True, ge=0, le=1200)] = 0


class _Term(_Table):
    ends: Annotated[date, Field(strict=True, ge=date(2000, 1, 1), lt=date(2200, 1, 1))] | None = None


class _File(_Table):
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    staff_channel: ChannelId | None = None
    help_channels: tuple[ChannelId, ...] = ()
    consent: Literal["ask", "inform", "off"] = "inform"
    default: str | None = None
    commands: _Commands = _Commands()
    samples: _Samples = _Samples()
    summary: _Summary = _Summary()
    incidents: _Incidents = _Incidents()
    retention: _Retention = _Retention()
    term: _Term = _Term()
    servers: dict[ServerName, _Server] = {}

    @model_validator(mode="after")
    def _default_known(self) -> "_File":
        if self.default is not None and self.default not in self.servers:
            message = (
                f"default = {self.default!r} names no server of this file ({', '.join(self.servers) or 'it has none'})"
            )
            raise ValueError(message)
        return self


def read_course(environment: Environment, *, servers_needed: bool = True) -> Course:
    """Read `connbot.toml`; raises `SetupError` with every fault of the file, a sentence each."""
    path = environment.config
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        if not servers_needed and not environment.config_named:
            return _course(_File())
        fault = f"There is no {path}: write it as README, Configuration, shows, or name it in CONNBOT_CONFIG."
        raise SetupError((fault,)) from exc
    except OSError as exc:
        raise SetupError((f"{path} cannot be read ({exc.strerror}).",)) from exc
    except UnicodeDecodeError as exc:
        raise SetupError((f"{path} is no text in UTF-8: save it anew.",)) from exc
    except tomllib.TOMLDecodeError as exc:
        raise SetupError((f"{path} is not valid TOML: {exc}.",)) from exc
    try:
        file = _File.model_validate(content)
    except ValidationError as exc:
        raise SetupError(tuple(_fault(path, error) for error in exc.errors(include_input=False))) from exc
    if servers_needed and not file.servers:
        raise SetupError((f"{path} names no server: add a table such as [servers.class] with its dsn.",))
    return _course(file)


def _fault(path: Path, error: ErrorDetails) -> str:
    key = ".".join(str(part) for part in error["loc"] if part != "[key]")
    problem = _PROBLEMS.get(str(error.get("ctx", {}).get("pattern", error["type"])), error["msg"])
    problem = problem.removeprefix("Value error, ")
    return f"{path}: {key}: {problem}." if key else f"{path}: {problem}."


def _course(file: _File) -> Course:
    return Course(
        timezone=ZoneInfo(file.timezone),
        staff_channel=file.staff_channel,
        help_channels=file.help_channels,
        consent=file.consent,
        commands=CommandNames(file.commands.conns, file.commands.kill, file.commands.connbot),
        servers=tuple(ServerSettings(name=name, **dict(server)) for name, server in file.servers.items()),
        default=file.default,
        samples_every=timedelta(seconds=file.samples.every),
        summary_day=_DAYS.index(file.summary.day),
        summary_hour=file.summary.hour,
        patience=file.incidents.patience(),
        retention_months=file.retention.months,
        term_ends=file.term.ends,
    )
