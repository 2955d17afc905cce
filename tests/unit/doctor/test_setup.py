"""The settings: every fault, and the mistakes that no fault of theirs shows."""

from pathlib import Path

from bot.doctor.finding import Level, Section
from bot.doctor.setup import judge
from bot.settings import inspect_environment, read_course


def judged(folder: Path, toml: str, **variables: str) -> Section:
    config = folder / "connbot.toml"
    config.write_text(toml)
    environment, faults = inspect_environment({"CONNBOT_CONFIG": str(config), **variables})
    return judge(environment, read_course(environment), faults=faults, set_variables=[*variables])


ONE = "[servers.class]\ndsn = 'service=class'\n"


def test_sound_settings_are_told_in_a_line_each(tmp_path: Path) -> None:
    section = judged(tmp_path, ONE, SLACK_APP_TOKEN="xapp-1")

    assert [finding.level for finding in section.findings] == [Level.FINE, Level.FINE]
    assert "1 server (class), time zone UTC." in section.findings[0].what
    assert section.findings[1].what == "Slack reaches the bot by Socket Mode."
    assert judged(tmp_path, ONE, SLACK_SIGNING_SECRET="s").findings[1].what == "Slack reaches the bot by HTTP."


def test_every_fault_of_the_environment_is_told_beside_what_can_be_read(tmp_path: Path) -> None:
    section = judged(tmp_path, ONE, CONNBOT_HTTP="nowhere", SLACK_API_URL="slack", SLACK_BOT_TOKEN_FILE="/none")

    faults = [finding.what for finding in section.findings if finding.level is Level.FAULT]
    assert [fault.split()[0] for fault in faults] == ["SLACK_BOT_TOKEN_FILE", "CONNBOT_HTTP", "SLACK_API_URL"]
    assert any("1 server" in finding.what for finding in section.findings)


def test_a_variable_that_nobody_reads_is_named_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    section = judged(tmp_path, ONE, CONNBOT_DATABSE_URL="x", SLACK_APP_TOKEN_FILE=str(tmp_path / "connbot.toml"))

    (found,) = (finding for finding in section.findings if finding.level is Level.WARNING)
    assert "CONNBOT_DATABSE_URL" in found.what
    assert "Is CONNBOT_DATABASE_URL meant?" in found.what
    assert found.lines == ("unset CONNBOT_DATABSE_URL",)


def test_several_servers_without_a_default_say_which_is_meant(tmp_path: Path) -> None:
    two = ONE + "[servers.lab]\ndsn = 'service=lab'\n"

    (found,) = (finding for finding in judged(tmp_path, two).findings if finding.level is Level.NOTE)
    assert "class is meant" in found.what
    assert found.lines == ('default = "lab"',)
    assert not [f for f in judged(tmp_path, "default = 'lab'\n" + two).findings if f.level is Level.NOTE]
