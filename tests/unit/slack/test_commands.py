from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.connections.listed import ListRequest
from bot.connections.plan import Chosen, TerminateRequest, Which
from bot.errors import UsageError
from bot.incidents.proposal import Kind
from bot.slack.blocks import typed
from bot.slack.commands import LONGEST_REASON, MOST_PIDS, CommandNames, parse_conns, parse_kill
from tests.hostile import NAMES


def problem_of(parse: Callable[[str], object], text: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse(text)
    return caught.value.problem


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("", ListRequest()),
        ("  \u00a0\u200b ", ListRequest()),
        ("on lab", ListRequest(server="lab")),
        ("alice", ListRequest("alice")),
        ("Alice", ListRequest("Alice")),
        ("20231234", ListRequest("20231234")),
        ("alice on lab", ListRequest("alice", "lab")),
        ("alice\u00a0ON\u202flab", ListRequest("alice", "lab")),
        ("on on lab", ListRequest("on", "lab")),
        ('"on"', ListRequest("on")),
        ('"on" on "on"', ListRequest("on", "on")),
        ("alice.", ListRequest("alice")),
        ("alice?!", ListRequest("alice")),
        ("\u2066alice\u2069", ListRequest("alice")),
        ("al.ice-1", ListRequest("al.ice-1")),
        ('"Ann Smith"', ListRequest("Ann Smith")),
        ("\u201cAnn Smith\u201d", ListRequest("Ann Smith")),
        ("\u201eAnn Smith\u201c,", ListRequest("Ann Smith")),
        ("\u00abAnn Smith\u00bb on lab", ListRequest("Ann Smith", "lab")),
        ("'Ann Smith'", ListRequest("Ann Smith")),
        ("\u2018Ann Smith\u2019", ListRequest("Ann Smith")),
        ("`alice`", ListRequest("alice")),
        ('"say ""hi"""', ListRequest('say "hi"')),
        ("O\u2019Brien", ListRequest("O'Brien")),
        ('"O\u2019Brien"', ListRequest("O\u2019Brien")),
        ("<@U0ALICE|alice>", ListRequest(owner="U0ALICE")),
        ("<@U0ALICE>", ListRequest(owner="U0ALICE")),
        ("<@W0ALICE|alice>, on lab", ListRequest(server="lab", owner="W0ALICE")),
        ("@alice", ListRequest("alice")),
        ('"@alice"', ListRequest("@alice")),
        ("a&amp;b&lt;c&gt;", ListRequest("a&b<c>")),
        ("&lt;@U0ALICE&gt;", ListRequest("<@U0ALICE>")),
        ('"&amp;lt;"', ListRequest("&lt;")),
        ("<mailto:ann@example.edu|ann@example.edu>", ListRequest("ann@example.edu")),
        ("<http://ann.example>", ListRequest("ann.example")),
        ("<@alice>", ListRequest("alice")),
        ("@", ListRequest("@")),
    ],
)
def test_conns_reads(text: str, request_: ListRequest) -> None:
    assert parse_conns(text) == request_


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("help", "help"),
        ("\u2014help", "help"),
        ("alice bob", "one_role alice bob"),
        ("alice on", "server_missing"),
        ("on", "server_missing"),
        ("alice on <@U0BOB>", "server_missing"),
        ("alice on lab on class", "server_twice"),
        ("<#C0HELP|help>", "not_a_role #help"),
        ("<#C0HELP|>", "not_a_role #C0HELP"),
        ("<!channel>", "not_a_role !channel"),
        ("<!subteam^S0TA|@tas>", "not_a_role !@tas"),
        ('"alice', 'unclosed_quote "alice'),
        ('"alice"x', 'unclosed_quote "alice"x'),
        ('""', "role_missing"),
        ('"a\x00b"', "bad_character a\x00b"),
        ("a\ud800", "bad_character a\ud800"),
        ("x" * 201, "too_long " + "x" * 200),
    ],
)
def test_conns_says_what_is_wrong(text: str, problem: str) -> None:
    assert problem_of(parse_conns, text) == problem


def pids(*numbers: int) -> tuple[Chosen, ...]:
    return tuple(Chosen(number) for number in numbers)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("alice 1234", TerminateRequest("alice", pids(1234))),
        ("alice 1234 1235", TerminateRequest("alice", pids(1234, 1235))),
        ("alice 1234,1235, 1236 , 1237.", TerminateRequest("alice", pids(1234, 1235, 1236, 1237))),
        ("alice 1;2 and 3 & 4", TerminateRequest("alice", pids(1, 2, 3, 4))),
        ("alice 2147483647", TerminateRequest("alice", pids(2147483647))),
        ("20231234 5678", TerminateRequest("20231234", pids(5678))),
        ("alice strays", TerminateRequest("alice", which=Which.STRAYS)),
        ("alice client 17", TerminateRequest("alice", pids(17), kind=Kind.CLIENT)),
        ("alice Clients 17, 18", TerminateRequest("alice", pids(17, 18), kind=Kind.CLIENT)),
        ("alice client 17 client 18 on lab", TerminateRequest("alice", pids(17, 18), server="lab", kind=Kind.CLIENT)),
        (
            "<@U0BOB> client 17 because left",
            TerminateRequest("", pids(17), reason="left", owner="U0BOB", kind=Kind.CLIENT),
        ),
        ("alice client all", TerminateRequest("alice", which=Which.ALL, kind=Kind.CLIENT)),
        ("client 17", TerminateRequest("client", pids(17))),
        ("client client 17", TerminateRequest("client", pids(17), kind=Kind.CLIENT)),
        ("alice Stray", TerminateRequest("alice", which=Which.STRAYS)),
        ("strays strays", TerminateRequest("strays", which=Which.STRAYS)),
        ("alice ALL on lab", TerminateRequest("alice", which=Which.ALL, server="lab")),
        ("alice on lab 1234", TerminateRequest("alice", pids(1234), server="lab")),
        ('"Ann Smith" 1234', TerminateRequest("Ann Smith", pids(1234))),
        ("<@U0ALICE|alice> strays", TerminateRequest("", which=Which.STRAYS, owner="U0ALICE")),
        ("@alice 7", TerminateRequest("alice", pids(7))),
        ("alice 7 because exam at 9", TerminateRequest("alice", pids(7), reason="exam at 9")),
        ("alice 7 on lab --reason  exam  now", TerminateRequest("alice", pids(7), server="lab", reason="exam now")),
        ("alice 7 \u2014reason exam", TerminateRequest("alice", pids(7), reason="exam")),
        ("alice 7 --reason=exam at 9", TerminateRequest("alice", pids(7), reason="exam at 9")),
        ("alice 7 --reason \u201cshe asked\u201d", TerminateRequest("alice", pids(7), reason="she asked")),
        (
            "alice 7 because <@U0ANN|ann> &amp; <https://x.example|x> on lab",
            TerminateRequest("alice", pids(7), reason="@ann & x on lab"),
        ),
        (
            "alice 7 because it's \"broken <#C0HELP|help> <!here> " + "x" * 300,
            TerminateRequest("alice", pids(7), reason="it's \"broken #help !here " + "x" * 300),
        ),
        ("because 7", TerminateRequest("because", pids(7))),
        ("alice 7 8 --cancel", TerminateRequest("alice", pids(7, 8), kind=Kind.CANCEL)),
        ("alice 7 \u2014cancel.", TerminateRequest("alice", pids(7), kind=Kind.CANCEL)),
        ("alice \u2013CANCEL 7 on lab", TerminateRequest("alice", pids(7), server="lab", kind=Kind.CANCEL)),
        ("--cancel alice 7", TerminateRequest("alice", pids(7), kind=Kind.CANCEL)),
        ("alice 7 --cancel --cancel", TerminateRequest("alice", pids(7), kind=Kind.CANCEL)),
        ("alice all --cancel", TerminateRequest("alice", which=Which.ALL, kind=Kind.CANCEL)),
        ('"--cancel" 7', TerminateRequest("--cancel", pids(7))),
        (
            "alice 7 --cancel because she cancelled it, -cancel",
            TerminateRequest("alice", pids(7), reason="she cancelled it, -cancel", kind=Kind.CANCEL),
        ),
    ],
)
def test_kill_reads(text: str, request_: TerminateRequest) -> None:
    assert parse_kill(text) == request_


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "role_missing"),
        ("--help", "help"),
        ("1234", "role_missing 1234"),
        ("1234,5678", "role_missing 1234,5678"),
        ("alice", "nothing_chosen alice"),
        ("alice on lab", "nothing_chosen alice"),
        ('"1234"', "nothing_chosen 1234"),
        ("alice and", "nothing_chosen"),
        ("alice client", "clients_by_number"),
        ("alice clients strays", "clients_by_number"),
        ("alice client x", "bad_pid x"),
        ("alice client 17 all", "mixed 17 all"),
        ("alice client 17 --cancel", "cancel_client"),
        ("alice 17 client", "bad_pid client"),
        ("alice 0", "bad_pid 0"),
        ("alice -1", "bad_pid -1"),
        ("alice 99999999999", "bad_pid 99999999999"),
        ("alice 2147483648", "bad_pid 2147483648"),
        ("alice 12ab", "bad_pid 12ab"),
        ("alice \u0661\u0662", "bad_pid \u0661\u0662"),
        ("alice <@U0BOB|bob>", "bad_pid @bob"),
        ("alice strays 12", "mixed strays 12"),
        ("alice strays all", "mixed strays all"),
        ("alice " + "7 " * (MOST_PIDS + 1), f"too_many {MOST_PIDS + 1}"),
        ("alice 7 because", "reason_missing"),
        ("alice 7 --reason=", "reason_missing"),
        ("alice 7 because \x00", "bad_character \x00"),
        ("alice because 7", "nothing_chosen alice"),
        ("--cancel", "role_missing"),
        ("--cancel 7", "role_missing 7"),
        ("alice --cancel", "nothing_chosen alice"),
        ("alice strays --cancel", "cancel_strays"),
        ("alice 7 --cancelled", "bad_pid --cancelled"),
        ("alice 7 cancel", "bad_pid cancel"),
        ("alice 7 because exam --cancel", "cancel_too_late"),
        ("alice 7 --reason \u2014cancel", "cancel_too_late"),
        ("alice 7 because " + "x" * (LONGEST_REASON + 1), "reason_too_long"),
    ],
)
def test_kill_says_what_is_wrong(text: str, problem: str) -> None:
    assert problem_of(parse_kill, text) == problem


@pytest.mark.parametrize("role", [name for name in NAMES if name and "\x00" not in name and "\ud800" not in name])
def test_what_a_message_says_to_type_is_read_back_as_the_same_role(role: str) -> None:
    """Slack would escape the three characters of what is typed; so does this test."""
    escaped = [
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for text in (typed.conns(CommandNames(), role, "on"), typed.kill(CommandNames(), role, "7", "class"))
    ]
    assert parse_conns(escaped[0].removeprefix("/conns ")) == ListRequest(role, "on")
    assert parse_kill(escaped[1].removeprefix("/kill ")) == TerminateRequest(role, pids(7), server="class")


@pytest.mark.parametrize("parse", [parse_conns, parse_kill])
@pytest.mark.parametrize(
    "text", [*NAMES, *(f"alice {name} on {name}" for name in NAMES), "<", "<>", "< >", "<@", "\u201c", "<!>"]
)
def test_garbage_is_read_or_refused(parse: Callable[[str], object], text: str) -> None:
    with suppress(UsageError):
        parse(text)
