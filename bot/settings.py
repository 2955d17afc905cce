"""Settings from the environment and `connbot.toml`; all faults are named at once.

Only the composition root and the command line read settings; everything else takes what it needs as arguments.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from bot.errors import SetupError
from bot.servers.settings import ServerSettings
from bot.slack.commands import CommandNames

DEFAULT_CONFIG = "connbot.toml"
DEFAULT_DATABASE_URL = "sqlite:///connbot.db"
DEFAULT_API_URL = "https://slack.com/api/"
DEFAULT_HTTP = "127.0.0.1:3000"
SECRETS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "CONNBOT_DATABASE_URL", "CONNBOT_AUDIT_KEY")


@dataclass(frozen=True, slots=True)
class Address:
    """Where HTTP is served."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """How Slack is reached; without `app_token` over HTTP, else by Socket Mode."""

    bot_token: str
    app_token: str | None
    signing_secret: str | None
    api_url: str

    def __repr__(self) -> str:
        return f"SlackSettings(api_url={self.api_url!r}, socket_mode={self.app_token is not None})"


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


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment's part that every command needs; secrets stand here and in no `repr`."""

    config: Path
    config_named: bool
    database_url: str
    audit_key: bytes | None
    http: Address | None
    bot_token: str | None
    app_token: str | None
    signing_secret: str | None
    api_url: str

    def __repr__(self) -> str:
        return f"Environment(config={str(self.config)!r}, http={self.http!r}, api_url={self.api_url!r})"

    def token(self) -> str:
        """Return the bot's token, which is all that asking Slack takes; raises `SetupError`."""
        if not self.bot_token:
            fault = "SLACK_BOT_TOKEN is not set: copy the bot token (xoxb-…) from the app's page, OAuth & Permissions."
            raise SetupError((fault,))
        if not self.bot_token.startswith(("xoxb-", "xoxe.xoxb-")):
            raise SetupError(("SLACK_BOT_TOKEN is no bot token: it begins with xoxb-.",))
        return self.bot_token

    def slack(self) -> SlackSettings:
        """Return how Slack is reached; raises `SetupError` naming each variable that is missing or malformed."""
        faults: list[str] = []
        try:
            self.token()
        except SetupError as exc:
            faults.extend(exc.faults)
        if self.app_token and not self.app_token.startswith("xapp-"):
            faults.append("SLACK_APP_TOKEN is no app-level token: it begins with xapp-.")
        if not self.app_token and not self.signing_secret:
            faults.append(
                "Set SLACK_APP_TOKEN (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET to be called over HTTP."
            )
        if faults:
            raise SetupError(tuple(faults))
        return SlackSettings(self.bot_token or "", self.app_token, self.signing_secret, self.api_url)


def read_environment(variables: Mapping[str, str]) -> Environment:
    """Read the variables of the README's table, `NAME_FILE` forms too; raises `SetupError`."""
    environment, faults = inspect_environment(variables)
    if faults:
        raise SetupError(faults)
    return environment


def inspect_environment(variables: Mapping[str, str]) -> tuple[Environment, tuple[str, ...]]:
    """Read the same, as far as it can be read; what is malformed counts as not set and is named among the faults."""
    faults: list[str] = []
    secrets = {name: _secret(name, variables, faults) for name in SECRETS}
    http = _address(variables.get("CONNBOT_HTTP", ""), faults)
    api_url = variables.get("SLACK_API_URL") or DEFAULT_API_URL
    if not api_url.startswith(("https://", "http://")):
        faults.append(f"SLACK_API_URL is {api_url!r}: write it as {DEFAULT_API_URL}, or leave it out.")
        api_url = DEFAULT_API_URL
    if http is None and not secrets["SLACK_APP_TOKEN"]:
        http = _address(DEFAULT_HTTP, faults)
    key = secrets["CONNBOT_AUDIT_KEY"]
    environment = Environment(
        config=Path(variables.get("CONNBOT_CONFIG") or DEFAULT_CONFIG),
        config_named=bool(variables.get("CONNBOT_CONFIG")),
        database_url=secrets["CONNBOT_DATABASE_URL"] or DEFAULT_DATABASE_URL,
        audit_key=key.encode() if key else None,
        http=http,
        bot_token=secrets["SLACK_BOT_TOKEN"],
        app_token=secrets["SLACK_APP_TOKEN"],
        signing_secret=secrets["SLACK_SIGNING_SECRET"],
        api_url=api_url.rstrip("/") + "/",
    )
    return environment, tuple(faults)


def _secret(name: str, variables: Mapping[str, str], faults: list[str]) -> str | None:
    file = variables.get(f"{name}_FILE")
    if variables.get(name) and file:
        faults.append(f"{name} and {name}_FILE are both set: keep one.")
    if not file:
        return variables.get(name) or None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except OSError as exc:
        faults.append(f"{name}_FILE names {file}, which cannot be read ({exc.strerror}).")
    except UnicodeDecodeError:
        faults.append(f"{name}_FILE names {file}, which is no text.")
    return None


def _address(text: str, faults: list[str]) -> Address | None:
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        faults.append(f"CONNBOT_HTTP is {text!r}: write it as host:port, such as {DEFAULT_HTTP}.")
        return None
    return Address(host.strip("[]") or "127.0.0.1", int(port))


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


class _File(_Table):
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    staff_channel: ChannelId | None = None
    help_channels: tuple[ChannelId, ...] = ()
    consent: Literal["ask", "inform", "off"] = "inform"
    default: str | None = None
    commands: _Commands = _Commands()
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
    )
