"""Settings from the environment's variables; every secret can be given as a file too."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.errors import SetupError

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
