"""The rules of recognition, one by one; the corpus beside it holds the many."""

import functools
import random
import time
from collections.abc import Callable

import pytest

from bot.causes.finding import Cause, Finding, Kind
from bot.causes.recognise import LONGEST, recognise
from bot.causes.wordings import table, table_of

PREFIX = 'connection to server at "db.example.edu" (10.20.0.7), port 5432 failed:'


@pytest.mark.parametrize(
    ("text", "cause", "kind"),
    [
        # a limit before a pool of one's own, which is what the limit led to
        (
            "QueuePool limit of size 5 overflow 10 reached\nFATAL: sorry, too many clients already",
            Cause.SERVER_LIMIT,
            None,
        ),
        # what a server said before what the network did, in whatever order
        (
            f'{PREFIX} FATAL:  password authentication failed for user "a"\n{PREFIX} Connection refused',
            Cause.OTHER,
            Kind.PASSWORD,
        ),
        (f"{PREFIX} Connection refused\n{PREFIX} FATAL:  the database system is starting up", Cause.OTHER, Kind.STARTING_UP),
        # the reason before the bare end
        (
            "FATAL:  terminating connection due to administrator command\nserver closed the connection unexpectedly",
            Cause.OTHER,
            Kind.TERMINATED_BY_ADMINISTRATOR,
        ),
        # a role's limit before the server's
        (
            'FATAL: too many connections for role "a"\nFATAL: sorry, too many clients already',
            Cause.ROLE_LIMIT,
            None,
        ),
        # what is printed before what is retold
        (
            'postgres told Ann sorry, too many clients already but mine is: FATAL:  database "clas" does not exist',
            Cause.OTHER,
            Kind.NO_SUCH_DATABASE,
        ),
    ],
)  # fmt: skip
def test_of_several_errors_the_most_telling_counts(text: str, cause: Cause, kind: Kind | None) -> None:
    found = recognise(text)
    assert (found.cause, found.kind) == (cause, kind)


def test_of_equals_the_last_counts_with_the_server_it_came_from() -> None:
    text = (
        'connection to server at "one" (10.0.0.1), port 1111 failed: FATAL:  too many connections for role "ann"\n'
        'connection to server at "two" (10.0.0.2), port 2222 failed: FATAL:  too many connections for role "bob"'
    )
    assert recognise(text) == Finding(Cause.ROLE_LIMIT, None, "bob", None, "two", 2222, 0.99)


@pytest.mark.parametrize(
    ("code", "text", "cause"),
    [
        ("53300", 'SQL Error [53300]: FATAL: too many connections for role "a"', Cause.ROLE_LIMIT),
        ("53300", "SQL Error [53300]: FATAL: sorry, too many clients already", Cause.SERVER_LIMIT),
        ("08006", "SQLSTATE[08006] [7] FATAL: sorry, too many clients already", Cause.SERVER_LIMIT),
        ("08P01", "error: too many connections for database \"d\"\n  code: '08P01'", Cause.DATABASE_LIMIT),
        ("53300", "SQLSTATE 53300 alone says nothing", Cause.NONE),
        ("08006", "SQLSTATE[08006] [7] alone says nothing", Cause.NONE),
    ],
)
def test_the_text_decides_and_never_the_code(code: str, text: str, cause: Cause) -> None:
    assert code in text
    assert recognise(text).cause is cause


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        (f'{PREFIX} FATAL:  too many connections for role "ann"', 0.99),
        ("pq: sorry, too many clients already", 0.99),
        ('too many connections for role "ann"', 0.9),
        ("sorry, too many clients already", 0.9),
        ("my postgres says sorry, too many clients already and stops", 0.6),
        ("the shop says sorry, too many clients already and stops", 0.0),
    ],
)
def test_confidence_tells_how_well_it_is_attested(text: str, confidence: float) -> None:
    assert recognise(text).confidence == confidence


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("/var/run/postgresql", True),
        ("db.localhost", True),
        ("db.example.edu", False),
        ("10.0.0.1", False),
        ("localhost.example.edu", False),
        (None, False),
    ],
)
def test_a_person_s_own_computer_is_known(host: str | None, *, own: bool) -> None:
    assert Finding(Cause.SERVER_LIMIT, host=host).own_computer is own


def test_a_password_in_a_connection_string_is_told_to_nobody() -> None:
    found = recognise(
        "postgresql://ann:s3cr3t@db.example.edu:5433/class?password=s3cr3t\npassword=s3cr3t user='ann'\n"
        "FATAL: sorry, too many clients already"
    )
    assert found == Finding(Cause.SERVER_LIMIT, None, "ann", "class", "db.example.edu", 5433, 0.99)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("psql -h db.example.edu -p 6432 class\npsql: FATAL: sorry, too many clients already", "db.example.edu", 6432),
        ("host='db.example.edu' port=6432 FATAL: sorry, too many clients already", "db.example.edu", 6432),
        ("Host=db.example.edu;Port=6432;Username=a FATAL: sorry, too many clients already", "db.example.edu", 6432),
        ("jdbc:postgresql://db.example.edu:6432/class FATAL: sorry, too many clients already", "db.example.edu", 6432),
        ("FATAL: sorry, too many clients already", None, None),
        (f"psql -h elsewhere\n{PREFIX} FATAL: sorry, too many clients already", "db.example.edu", 5432),
        ("port=99999 FATAL: sorry, too many clients already", None, None),
        ("host=os.environ['H'] FATAL: sorry, too many clients already", None, None),
    ],
)
def test_the_server_is_told_by_what_stands_around(text: str, host: str | None, port: int | None) -> None:
    found = recognise(text)
    assert (found.host, found.port) == (host, port)


def test_a_person_can_extend_the_table_with_a_row() -> None:
    text = 'VALVONTA: liikaa yhteyksiä roolille "ann"'
    assert recognise(text) == Finding(Cause.NONE)
    row = {
        "means": "role_limit",
        "language": "fi",
        "needs": "",
        "words": 'liikaa yhteyksiä roolille "{role}"',
        "source": "x",
    }
    assert recognise(text, table_of([row])).role == "ann"


CHANCE = random.Random(20261122)  # noqa: S311 - texts, no secrets

HOSTILE: dict[str, Callable[[int], str]] = {
    "beginnings of a sentence": lambda size: 'too many connections for role "' * (size // 31),
    "quotation marks": lambda size: '"' * size,
    "marks before a sentence's end": lambda size: ('"' * 60 + ' 롤의 최대 동시 접속수를 초과했습니다 ') * (size // 84),
    "links": lambda size: "<http://" * (size // 8),
    "one long link": lambda size: "<http://" + "a" * size,
    "blanks": lambda size: " " * size,
    "lines quoted": lambda size: "\n  > " * (size // 5),
    "blank lines": lambda size: "\n   " * (size // 4),
    "backslashes": lambda size: "\\" * size,
    "escapes": lambda size: "\\u00e9" * (size // 6),
    "entities": lambda size: "&amp;" * (size // 5),
    "code": lambda size: ("raise " * 20 + '"sorry, too many clients already" ') * (size // 154),
    "prefixes": lambda size: f"{PREFIX} FATAL:  " * (size // 80),
    "all sentences": lambda size: ("".join(one.words for one in table().sentences) * 4)[:size],
    "connection strings": lambda size: "postgresql://a:b@" * (size // 17),
    "settings": lambda size: "host=" * (size // 5),
    "letters that change their length": lambda size: "İ" * size,
    "letters and marks": lambda size: "e\u0301" * (size // 2),
    "colours": lambda size: "\x1b[" * (size // 2),
    "garbage": lambda size: "".join(CHANCE.choices("abc \"'<>&\\n{}():»«", k=size)),
}  # fmt: skip


@functools.cache
def work_on_prose(size: int) -> float:
    return work("has anybody done the third exercise yet? " * (size // 41))


def work(text: str) -> float:
    """Return the least time of two, in seconds of this process alone."""
    least = float("inf")
    for _ in range(2):
        begun = time.process_time()
        recognise(text)
        least = min(least, time.process_time() - begun)
    return least


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_takes_time_as_its_length_and_not_as_its_square(kind: str) -> None:
    recognise("the table is read once")
    size = 25_000
    short, long = work(HOSTILE[kind](size)), work(HOSTILE[kind](4 * size))
    # Sixteen times as much would be the square; what takes no time to speak of tells nothing of its growth.
    assert long < max(9 * short, 0.1)
    # And no text costs out of all proportion to prose of its length.
    assert long < 60 * work_on_prose(4 * size)


def test_no_more_of_a_text_is_read_than_slack_can_send_several_times_over() -> None:
    assert recognise(" " * LONGEST + "FATAL: sorry, too many clients already") == Finding(Cause.NONE)


def test_garbage_never_fails() -> None:
    pieces = (
        [one.words for one in table().sentences]
        + list("\"'«»“”\\\n\r\t\x00 &<>|`*{}()[]%$\ud800İ名😀")
        + ["&lt;", "\\u00", "<!channel>"]
    )
    for _ in range(400):
        text = "".join(CHANCE.choice(pieces) for _ in range(CHANCE.randrange(30)))
        cut = text[CHANCE.randrange(10) :][: CHANCE.randrange(400)]
        found = recognise(cut)
        assert (found.cause is Cause.OTHER) is (found.kind is not None)
        assert (found.cause is Cause.NONE) is (found.confidence == 0)
        assert found.port is None or 0 < found.port < 65536
