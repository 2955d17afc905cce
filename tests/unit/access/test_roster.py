"""Class lists as registrars and spreadsheets write them."""

from datetime import UTC, datetime

import pytest

from bot.access.class_list import Choice, Line, Malformed, Roster, choose, extract, parse, read_table
from bot.access.member import Origin, Owner
from bot.access.roster import Match, preview
from bot.errors import SetupError

PLAIN = "email,role\nalice@example.edu,alice\nbob@example.edu,bob\n"
BOTH = (Line(2, "alice@example.edu", "alice"), Line(3, "bob@example.edu", "bob"))


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.replace("email,role", '"E-mail\naddress","DB\nrole"').encode(),
        b"x" * 200_000 + b"\n" + PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace("email,role", "E-Mail Address, Username").encode(),
        PLAIN.replace("email,role", "EMAIL,LOGIN").encode(),
        PLAIN.replace("email,role", "e-mail,db_role").encode(),
        PLAIN.replace("alice@example.edu,alice", '" Alice@Example.EDU ","alice"').encode(),
        b'Name,ID,role,Grade,email\n"M\xfcller, A.",1,alice,A,alice@example.edu\nB,2,bob,,bob@example.edu,extra\n',
        b'note,email,role\n"two\nlines",alice@example.edu,alice\n,bob@example.edu,bob\n',
    ],
)  # fmt: skip
def test_the_same_list_in_every_dress(data: bytes) -> None:
    found = parse(data)
    assert [(line.email, line.role) for line in found.lines] == [(line.email, line.role) for line in BOTH]
    assert found.malformed == ()


@pytest.mark.parametrize(
    "data", [b"", b"\n \n", b"alice@example.edu,alice\n", b"email,name\na@b,c\n", b"\x00\x01\xff", b"role\nalice\n"]
)
def test_a_file_that_is_no_list_is_refused_with_the_mend(data: bytes) -> None:
    with pytest.raises(SetupError, match=r"e-mail|role column"):
        parse(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04" + bytes(200), "is an Excel workbook or an archive: save the list as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an Excel workbook: save the list as CSV"),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), "is a picture: save the list as CSV"),
        (b"email,role\na@b,al\x00ice\n", "is no text: save the list as CSV"),
        (b"x" * 300_000, "names no e-mail and role columns"),
        (b"email,role\n" + b"a@b,c\n" * 50_000, "more than 50,000 lines"),
    ],
    ids=["xlsx", "xls", "picture", "a byte that no text has", "one line", "too many lines"],
)
def test_a_file_that_was_not_meant_is_named(data: bytes, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        parse(data)


def test_many_lines_with_wrong_quotes_are_read_in_good_time() -> None:
    found = parse(b"email,role\n" + b'"a"b\n' * 49_000)
    assert len(found.malformed) == 49_000


def test_a_role_that_everybody_would_get_is_refused() -> None:
    table = read_table(REGISTRAR.encode(), "Campus mail")
    for template in ("Net ID", "s_{email_local"):
        with pytest.raises(SetupError, match=f"By {template} everybody would get one role"):
            choose(table, email="Campus mail", role=template)


def test_of_many_columns_the_first_are_told() -> None:
    table = read_table(",".join(["email", *(f"column {number} " + "x" * 300 for number in range(60))]).encode())
    with pytest.raises(SetupError, match="it has email, column 0 x") as told:
        choose(table)
    assert len(str(told.value)) < 1200


def test_lines_that_cannot_be_read_are_named_by_number_and_the_rest_is_read() -> None:
    data = (
        "\n"
        "email,role\n"
        "alice@example.edu,alice\n"
        "no-at,carol\n"
        ",dave\n"
        "erin@example.edu,\n"
        "short\n"
        '"never closed,frank\n'
        "two words@example.edu,x\n"
        "\n"
        ",\n"
        'grace@example.edu,"gra"ce\n'
        "bob@example.edu,bob\n"
    )
    found = parse(data.encode())
    assert found.lines == (Line(3, "alice@example.edu", "alice"), Line(13, "bob@example.edu", "bob"))
    assert found.malformed == (
        Malformed(4, "not_an_email"),
        Malformed(5, "no_email"),
        Malformed(6, "no_role"),
        Malformed(7, "not_an_email"),
        Malformed(8, "quotes"),
        Malformed(9, "not_an_email"),
        Malformed(12, "quotes"),
    )


def test_a_line_that_says_the_same_again_is_named_and_counted_once() -> None:
    found = parse((PLAIN + "ALICE@example.edu,alice\nalice@example.edu,ann\n").encode())
    assert found.lines == (*BOTH, Line(5, "alice@example.edu", "ann"))
    assert found.repeated == (Line(4, "alice@example.edu", "alice"),)


REGISTRAR = (
    "Course roster;;;\n"
    "CS 101, Fall 2026;;;\n"
    "\n"
    "Name;Campus mail;Net ID;Status\n"
    '"Liddell; Alice";Alice@Example.edu;AL12;Enrolled\n'
    "Tanner, Bob;bob@example.edu;bt7;Dropped\n"
    "Ng, Carol;carol@example.edu;;enrolled \n"
    ";;;\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_list_as_a_registrar_writes_it(encoding: str) -> None:
    data = REGISTRAR.encode(encoding)
    if encoding == "utf-16-le":
        data = b"\xff\xfe" + data
    table = read_table(data, "campus mail")
    assert table.columns == ("Name", "Campus mail", "Net ID", "Status")
    choice = Choice("Campus mail", "s_{email_local}", "status", frozenset({"enrolled"}))
    found = extract(table, choice)
    assert found.lines == (Line(5, "alice@example.edu", "s_alice"), Line(7, "carol@example.edu", "s_carol"))
    assert (found.malformed, found.left_out) == ((), 1)


def test_a_template_takes_any_column_and_nobody_gets_the_role_of_a_prefix_alone() -> None:
    table = read_table(REGISTRAR.encode(), "Campus mail")
    found = extract(table, Choice("Campus mail", "cs_{net_id}"))
    assert [line.role for line in found.lines] == ["cs_AL12", "cs_bt7"]
    assert found.malformed == (Malformed(7, "no_role"),)


@pytest.mark.parametrize("template", ["{name.__class__}", "{0}", "{}", "{nothing}"])
def test_a_template_is_no_program(template: str) -> None:
    table = read_table(REGISTRAR.encode(), "Campus mail")
    with pytest.raises(SetupError, match="no column"):
        extract(table, Choice("Campus mail", template))


def test_columns_that_are_not_there_are_named_with_those_that_are() -> None:
    with pytest.raises(SetupError, match="no column Post"):
        read_table(REGISTRAR.encode(), "Post")
    table = read_table(REGISTRAR.encode(), "Campus mail")
    with pytest.raises(SetupError, match="Name, Campus mail, Net ID, Status"):
        choose(table, email="Campus mail")
    with pytest.raises(SetupError, match="no column Standing"):
        extract(table, Choice("Campus mail", "{net id}", "Standing", frozenset({"x"})))
    assert choose(table, email="Campus mail", role="{Net ID}") == Choice("Campus mail", "{Net ID}")


def test_what_to_look_up() -> None:
    found = parse(b"email,role\nA@B.edu,Alice\n")
    assert found.emails == {"a@b.edu"}
    assert found.role_names == {"Alice", "alice"}


PEOPLE = {"alice@example.edu": "U1", "a.lice@example.edu": "U1", "bob@example.edu": "U2"}
ROLES = {"alice": 11, "bob": 12, "team": 13, "Odd": 14}


def roster(*lines: tuple[str, str]) -> Roster:
    read = tuple(Line(number, email, role) for number, (email, role) in enumerate(lines, 2))
    return Roster(read, (), ())


def test_a_preview_says_what_is_matched_and_what_is_missing() -> None:
    lines = roster(
        ("alice@example.edu", "alice"), ("zoe@example.edu", "alice"), ("bob@example.edu", "nobody"), ("x@y", "z")
    )
    seen = preview(lines, PEOPLE, ROLES)
    assert seen.matched == (Match(2, "alice@example.edu", "U1", "alice", 11),)
    assert seen.not_in_slack == (lines.lines[1], lines.lines[3])
    assert seen.no_such_role == (lines.lines[2], lines.lines[3])


def test_role_names_are_found_exactly_and_then_folded() -> None:
    seen = preview(roster(("alice@example.edu", "ALICE"), ("bob@example.edu", "Odd")), PEOPLE, ROLES)
    assert [(match.role, match.role_oid) for match in seen.matched] == [("alice", 11), ("Odd", 14)]


def test_several_roles_of_one_person_and_several_owners_of_one_role_are_allowed_and_shown() -> None:
    lines = roster(("alice@example.edu", "alice"), ("alice@example.edu", "team"), ("bob@example.edu", "team"))
    seen = preview(lines, PEOPLE, ROLES)
    assert len(seen.matched) == 3
    assert seen.several_roles == {"alice@example.edu": ("alice", "team")}
    assert seen.several_owners == {"team": ("alice@example.edu", "bob@example.edu")}
    assert seen.repeated == ()


def test_two_addresses_of_one_person_and_two_spellings_of_one_role_are_one_link() -> None:
    lines = roster(("alice@example.edu", "alice"), ("a.lice@example.edu", "alice"), ("alice@example.edu", "Alice"))
    seen = preview(lines, PEOPLE, ROLES)
    assert len(seen.matched) == 1
    assert seen.repeated == lines.lines[1:]


def test_what_replacing_would_remove() -> None:
    def link(slack_id: str, oid: int) -> Owner:
        return Owner("T1", slack_id, "class", "r", oid, Origin.ROSTER, "cli:ada", datetime(2026, 1, 1, tzinfo=UTC))

    seen = preview(roster(("alice@example.edu", "alice")), PEOPLE, ROLES)
    stays, left, recreated = link("U1", 11), link("U2", 12), link("U1", 10)
    assert seen.departures([stays, left, recreated]) == (left, recreated)
