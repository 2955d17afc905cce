from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.access.member import Grade
from bot.errors import UsageError
from bot.slack.subcommands import (
    LATER,
    Allow,
    ConnbotRequest,
    Diagnose,
    Disallow,
    Disown,
    Help,
    History,
    Link,
    Members,
    Own,
    Summary,
    Unsupported,
    parse_connbot,
    read_time,
)
from bot.summaries.week import Week
from tests.builders import NOON
from tests.hostile import NAMES

NEW_YORK = ZoneInfo("America/New_York")
END_OF_20_DECEMBER = datetime(2026, 12, 21, 5, 0, tzinfo=UTC)


def parse(text: str) -> ConnbotRequest:
    return parse_connbot(text, zone=NEW_YORK, now=NOON)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("", Help()),
        ("help", Help()),
        ("HELP.", Help()),
        ("?", Help()),
        ("\u2014help", Help()),
        *((word, Unsupported(word)) for word in LATER),
        (
            'Diagnose FATAL: too many for role "alice\n&lt;b&gt;',
            Diagnose(' FATAL: too many for role "alice\n&lt;b&gt;'),
        ),
        ("diagnose help on until", Diagnose(" help on until")),
        ("members", Members()),
        ("members on lab", Members("lab")),
        ("history", History()),
        ("history alice", History("alice")),
        ("history by <@U0TOM>", History(person="U0TOM")),
        ("history alice cause role_limit week 2026-W47", History("alice", cause="role_limit", week=Week(2026, 47))),
        ("history WEEK 2026-w7 by <@U0TOM|tom> on lab", History(server="lab", person="U0TOM", week=Week(2026, 7))),
        ('history "by"', History("by")),
        ("history <@U0ALICE> on lab", History(server="lab", owner="U0ALICE")),
        ("summary", Summary()),
        ("Summary 2026-w47 on lab", Summary(Week(2026, 47), "lab")),
        ("disallow <@U0BOB|bob>", Disallow("U0BOB")),
        ("disallow U0BOB on lab", Disallow("U0BOB", "lab")),
        ("own <@U0ALICE> alice", Own("U0ALICE", "alice")),
        ('own <@U0ALICE> "Ann Smith" on lab', Own("U0ALICE", "Ann Smith", "lab")),
        ("disown <@U0ALICE>", Disown("U0ALICE")),
        ("link alice", Link("alice")),
        ('Link "Ann Smith" on lab', Link("Ann Smith", "lab")),
        ('link "on" on class', Link("on", "class")),
        ("disown <@U0ALICE> @alice on lab", Disown("U0ALICE", "alice", "lab")),
        ("allow <@U0BOB> responder", Allow("U0BOB", Grade.RESPONDER)),
        ("Allow <@U0BOB|bob>, Instructor", Allow("U0BOB", Grade.INSTRUCTOR)),
        ("allow <@U0BOB> responder sec1_*", Allow("U0BOB", Grade.RESPONDER, "sec1_*")),
        ("allow <@U0BOB> responder stu?", Allow("U0BOB", Grade.RESPONDER, "stu?")),
        ("allow <@U0BOB> responder a*, b, @sec2 on lab", Allow("U0BOB", Grade.RESPONDER, "a*,b,@sec2", "lab")),
        ("allow <@U0BOB> responder <@U0SEC|section1>", Allow("U0BOB", Grade.RESPONDER, "@section1")),
        ("allow <@U0BOB> admin until 2026-12-20", Allow("U0BOB", Grade.ADMIN, until=END_OF_20_DECEMBER)),
        (
            "allow <@U0BOB> responder until 2026-12-20 18:00 on lab",
            Allow("U0BOB", Grade.RESPONDER, server="lab", until=datetime(2026, 12, 20, 23, 0, tzinfo=UTC)),
        ),
        (
            "allow <@U0BOB> responder x* until 2026-12-20T18:00:00+01:00",
            Allow("U0BOB", Grade.RESPONDER, "x*", until=datetime(2026, 12, 20, 17, 0, tzinfo=UTC)),
        ),
    ],
)
def test_connbot_reads(text: str, request_: ConnbotRequest) -> None:
    assert parse(text) == request_


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("explode", "unknown_subcommand explode"),
        ('"allow" <@U0BOB>', "unknown_subcommand allow"),
        ("<@U0BOB> responder", "unknown_subcommand @U0BOB"),
        ("allow", "person_missing"),
        ("allow bob responder", "person_missing bob"),
        ("allow <@U0BOB>", "grade_missing"),
        ("allow <@U0BOB> king", "bad_grade king"),
        ('allow <@U0BOB> "admin"', "bad_grade admin"),
        ("allow <@U0BOB> responder <@U0SEC>", "bad_roles @U0SEC"),
        ("allow <@U0BOB> responder a,@,b", "bad_roles a,@,b"),
        ("allow <@U0BOB> responder until friday", "bad_time friday"),
        ("allow <@U0BOB> responder until", "bad_time"),
        ("allow <@U0BOB> responder until 2026-13-01", "bad_time 2026-13-01"),
        ("allow <@U0BOB> responder until 2026-12-20Tsoon", "bad_time 2026-12-20Tsoon"),
        ("allow <@U0BOB> responder until 9999-12-31", "bad_time 9999-12-31"),
        ("allow <@U0BOB> responder until 2026-11-21", "past_time 2026-11-21"),
        ("allow <@U0BOB> responder on", "server_missing"),
        ("disallow", "person_missing"),
        ("disallow <@U0BOB> now", "unexpected now"),
        ("members all", "unexpected all"),
        ("history a b", "unexpected b"),
        ("history by", "person_missing by"),
        ("history by tom", "person_missing tom"),
        ("history cause", "bad_cause cause"),
        ("history cause rain", "bad_cause rain"),
        ("history cause role_limit cause server_limit", "unexpected server_limit"),
        ("history week", "bad_week week"),
        ("history week 2026-W99", "bad_week 2026-W99"),
        ("history week 9999-W52", "bad_week 9999-W52"),
        ("own <@U0ALICE>", "role_missing"),
        ("own <@U0ALICE> <@U0BOB>", "not_a_role @U0BOB"),
        ("own <@U0ALICE> alice bob", "unexpected bob"),
        ("disown <@U0ALICE> a b", "unexpected b"),
        ("link", "role_missing"),
        ("link on class", "role_missing"),
        ("link alice bob", "unexpected bob"),
        ("link <@U0ALICE>", "not_a_role @U0ALICE"),
        ("diagnose", "text_missing"),
        ("Diagnose  \n", "text_missing"),
    ],
)
def test_connbot_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert (caught.value.command, caught.value.problem) == ("connbot", problem)


@pytest.mark.parametrize("text", [*NAMES, *(f"allow <@U0BOB> responder {name} until {name}" for name in NAMES)])
def test_garbage_is_read_or_refused(text: str) -> None:
    with suppress(UsageError):
        parse(text)


def test_a_date_means_the_end_of_that_day_in_the_courses_zone() -> None:
    assert read_time("2026-12-20", NEW_YORK) == END_OF_20_DECEMBER
    assert read_time("tomorrow", NEW_YORK) is None
