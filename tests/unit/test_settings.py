"""Settings: read whole, every fault named at once, no secret shown."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.errors import SetupError
from bot.incidents.patience import USUAL, Patience
from bot.settings import Address, read_course, read_environment

TOML = """
timezone = "America/New_York"
help_channels = ["C0HELP"]
consent = "off"
default = "b"
[commands]
kill = "/endconn"
[servers.a]
dsn = "service=a"
[servers.b]
dsn = "service=b"
students = ["classdb_student"]
poolers = ["10.0.0.9"]
ask = "dba@example.edu"
"""


def course_of(folder: Path, text: str) -> list[str]:
    path = folder / "connbot.toml"
    path.write_text(text)
    environment = read_environment({"CONNBOT_CONFIG": str(path)})
    with pytest.raises(SetupError) as caught:
        read_course(environment)
    return list(caught.value.faults)


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "connbot.toml"
    path.write_text(TOML)

    course = read_course(read_environment({"CONNBOT_CONFIG": str(path)}))

    assert str(course.timezone) == "America/New_York"
    assert (course.commands.conns, course.commands.kill) == ("/conns", "/endconn")
    assert [server.name for server in course.servers] == ["a", "b"]
    assert course.default == "b"
    assert course.servers[1].students == ("classdb_student",)


@pytest.mark.parametrize(
    ("text", "patience"),
    [
        ("", USUAL),
        ("[incidents]\nstaff_after = 600", Patience(staff_after=timedelta(minutes=10))),
        ("[incidents]\nfree_for = 3", Patience(free_for=timedelta(seconds=3), look_every=timedelta(seconds=1))),
    ],
)
def test_the_waits_of_incidents_are_the_courses(tmp_path: Path, text: str, patience: Patience) -> None:
    path = tmp_path / "connbot.toml"
    path.write_text(f"{text}\n[servers.a]\ndsn = 'service=a'")
    assert read_course(read_environment({"CONNBOT_CONFIG": str(path)})).patience == patience


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    faults = course_of(
        tmp_path, 'timezone = "Mars/Base"\nconsent = "maybe"\ncolour = 1\n[servers.a]\ndns = "x"\ncpus = 0\n'
    )

    for word in ("timezone", "consent", "colour", "servers.a.dsn", "servers.a.dns", "servers.a.cpus"):
        assert any(word in fault for fault in faults), word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "names no server"),
        ("x =", "not valid TOML"),
        ('default = "c"\n[servers.a]\ndsn = "service=a"', "names no server of this file"),
        ('[commands]\nkill = "/conns"\n[servers.a]\ndsn = "service=a"', "three names"),
        ('[commands]\nkill = "kill"\n[servers.a]\ndsn = "service=a"', "commands.kill: is no command"),
        ('staff_channel = "#staff"\n[servers.a]\ndsn = "service=a"', "staff_channel: is no channel's id"),
        ('[servers."my class"]\ndsn = "service=a"', "servers.my class: is no name for a server"),
        ('[servers.a]\ndsn = ""', "servers.a.dsn: is empty"),
        ("[servers.a]\nhosts = []", "servers.a.dsn: is missing"),
        ("[servers.a]\ndsn = 1", "servers.a.dsn: must be text in quotes"),
        ('[servers.a]\ndsn = "service=a"\nstudents = "x"', 'servers.a.students: must be a list, such as ["name"]'),
        ('[servers.a]\ndsn = "service=a"\ncpus = "two"', "servers.a.cpus: must be a whole number"),
        ("[incidents]\nfree_for = 0\n[servers.a]\ndsn = 'service=a'", "incidents.free_for"),
        ("[incidents]\nstaff_after = 1.5\n[servers.a]\ndsn = 'service=a'", "incidents.staff_after: must be a whole"),
        ("servers = 5", "servers: must be a table"),
        ("servers = { a = 5 }", "servers.a: must be a table"),
    ],
)
def test_a_fault_names_its_mend(tmp_path: Path, text: str, word: str) -> None:
    assert any(word in fault for fault in course_of(tmp_path, text))


def test_a_missing_file_is_named_unless_no_server_is_needed(tmp_path: Path) -> None:
    named = read_environment({"CONNBOT_CONFIG": str(tmp_path / "none.toml")})

    with pytest.raises(SetupError, match=r"none\.toml"):
        read_course(named, servers_needed=False)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("xoxb-1\n")

    environment = read_environment({"SLACK_BOT_TOKEN_FILE": str(file), "SLACK_APP_TOKEN": "xapp-1"})

    assert environment.slack().bot_token == "xoxb-1"
    assert "xoxb" not in repr(environment)
    assert "xoxb" not in repr(environment.slack())


def test_faults_of_the_environment_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        read_environment(
            {
                "SLACK_BOT_TOKEN": "x",
                "SLACK_BOT_TOKEN_FILE": "y",
                "CONNBOT_AUDIT_KEY_FILE": str(tmp_path),
                "CONNBOT_HTTP": "80",
            }
        )
    assert len(caught.value.faults) == 4

    with pytest.raises(SetupError) as caught:
        read_environment({"SLACK_BOT_TOKEN": "wrong"}).slack()
    assert len(caught.value.faults) == 2


def test_what_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "garbage"
    file.write_bytes(b"\x9a\xff\x00")

    with pytest.raises(SetupError, match="garbage, which is no text"):
        read_environment({"SLACK_BOT_TOKEN_FILE": str(file)})
    with pytest.raises(SetupError, match="garbage is no text"):
        read_course(read_environment({"CONNBOT_CONFIG": str(file)}))
    with pytest.raises(SetupError, match=r"cannot be read \(Is a directory\)"):
        read_course(read_environment({"CONNBOT_CONFIG": str(tmp_path)}))


def test_an_address_of_slack_s_that_is_none_is_named() -> None:
    with pytest.raises(SetupError, match="SLACK_API_URL"):
        read_environment({"SLACK_API_URL": "slack.test"})


def test_asking_slack_takes_the_bot_s_token_alone() -> None:
    assert read_environment({"SLACK_BOT_TOKEN": "xoxb-1"}).token() == "xoxb-1"
    for wrong in ("", "xoxp-1"):
        with pytest.raises(SetupError, match="SLACK_BOT_TOKEN"):
            read_environment({"SLACK_BOT_TOKEN": wrong}).token()


def test_http_is_on_without_an_app_token_and_off_with_one() -> None:
    assert read_environment({}).http == Address("127.0.0.1", 3000)
    assert read_environment({"SLACK_APP_TOKEN": "xapp-1"}).http is None
    assert read_environment({"CONNBOT_HTTP": "[::1]:0"}).http == Address("::1", 0)


def test_when_the_week_is_told_and_how_often_is_sampled(tmp_path: Path) -> None:
    path = tmp_path / "connbot.toml"
    environment = read_environment({"CONNBOT_CONFIG": str(path)})
    server = '[servers.a]\ndsn = "service=a"\n'
    path.write_text(server)
    usual = read_course(environment)
    path.write_text(f'[samples]\nevery = 0\n[summary]\nday = "sunday"\nhour = 20\n{server}')
    chosen = read_course(environment)

    assert (usual.samples_every.total_seconds(), usual.summary_day, usual.summary_hour) == (60, 0, 8)
    assert (chosen.samples_every.total_seconds(), chosen.summary_day, chosen.summary_hour) == (0, 6, 20)
    faults = course_of(tmp_path, f'[samples]\nevery = 101\n[summary]\nday = "someday"\nhour = 24\n{server}')
    assert [fault.split(": ")[1] for fault in faults] == ["samples.every", "summary.day", "summary.hour"]


def test_how_long_people_are_named(tmp_path: Path) -> None:
    path = tmp_path / "connbot.toml"
    environment = read_environment({"CONNBOT_CONFIG": str(path)})
    server = '[servers.a]\ndsn = "service=a"\n'
    path.write_text(server)
    assert read_course(environment).retention_months == 0
    path.write_text(f"[retention]\nmonths = 12\n{server}")
    assert read_course(environment).retention_months == 12
    for wrong in ("true", "' 6'", "6.0", "-1", "1.5", '"long"'):
        (fault,) = course_of(tmp_path, f"[retention]\nmonths = {wrong}\n{server}")
        assert "retention.months: " in fault


def test_when_the_term_ends(tmp_path: Path) -> None:
    path = tmp_path / "connbot.toml"
    environment = read_environment({"CONNBOT_CONFIG": str(path)})
    server = '[servers.a]\ndsn = "service=a"\n'
    path.write_text(server)
    assert read_course(environment).term_ends is None
    path.write_text(f"[term]\nends = 2026-12-20\n{server}")
    assert read_course(environment).term_ends == date(2026, 12, 20)
    for wrong in ('"2026-12-20"', "2026-12-20T12:00:00", "20261220", "0001-01-01", '"soon"'):
        (fault,) = course_of(tmp_path, f"[term]\nends = {wrong}\n{server}")
        assert "term.ends: " in fault
