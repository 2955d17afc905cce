import re
from zoneinfo import ZoneInfo

import pytest

from bot.access.member import Right
from bot.connections.listed import Listing
from bot.errors import ServerUnavailable
from bot.servers.backend import BackendState
from bot.slack import ids
from bot.slack.blocks import listing
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.payloads import Group, read_close, read_group, read_option
from tests.block_rules import buttons, faults, options, strings
from tests.builders import NOON, a_backend, a_reading, a_role, an_unseen_backend, minutes
from tests.hostile import NAMES
from tests.listings import a_listing, an_entry, five, many

NEW_YORK = ZoneInfo("America/New_York")
PID = re.compile(r" \u00b7 pid [0-9]+ \u00b7 since <")
COUNTS = (0, 1, 5, 10, 11, 100, 2000)
RIGHTS = (Right.OWNER, Right.RESPONDER)


def rendered(found: Listing, names: CommandNames = CommandNames()) -> Message:  # noqa: B008  # frozen
    return listing.render(found, zone=NEW_YORK, names=names)


def shown(message: Message) -> str:
    return "\n".join(strings(message))


def at(minutes_ago: float) -> str:
    """07:00 in New York is noon in UTC."""
    when = NOON - minutes(minutes_ago)
    return f"<!date^{int(when.timestamp())}^{{time}}|{when.astimezone(NEW_YORK):%H:%M}>"


def test_a_responder_sees_the_limit_that_bites_then_strays_with_reasons_then_the_others() -> None:
    message = rendered(a_listing(an_entry(a_reading(*five()))))
    sections = [block["text"]["text"] for block in message.blocks if block["type"] == "section"]
    assert sections == [
        "*alice: 5 of 5 connections* — alice cannot open another",
        "\n\n".join(
            (
                (
                    "*Look stray*\n"
                    f"`pgAdmin 4 - CONN:8122` · pid 4715 · since {at(190)} · from `10.0.0.5`\n"
                    f"⚪ *idle for 3 h 10 min* · last query {at(190)} · in `shop`\n"
                    "↳ _stray:_ one of 3 pgAdmin connections from this address, not the newest; "
                    "pgAdmin is known to hold extra ones; unused for 3 h 10 min"
                ),
                (
                    f"`pgAdmin 4 - DB:shop` · pid 4711 · since {at(192)} · from `10.0.0.5`\n"
                    f"⚪ *idle for 3 h 5 min* · last query {at(185)} · in `shop`\n"
                    "↳ _stray:_ one of 3 pgAdmin connections from this address, not the newest; "
                    "pgAdmin is known to hold extra ones; unused for 3 h 5 min"
                ),
                (
                    f"`DBeaver 24.1 - Main &lt;shop&gt;` · pid 4730 · since {at(100)} · from `10.0.0.5`\n"
                    f"🟠 *idle in transaction for 30 min* · last query {at(30)} · transaction open since {at(31)} · "
                    "⚠️ uncommitted writes · in `shop`\n"
                    "↳ _stray:_ its transaction was left open for 30 min"
                ),
            )
        ),
        "\n\n".join(
            (
                (
                    "*Others*\n"
                    f"`psql` · pid 4722 · since {at(180)} · from `10.0.0.5`\n"
                    f"🟢 *active for 5 min* · a query has been running since {at(5)} · in `shop`"
                ),
                (
                    f"`pgAdmin 4 - DB:shop` · pid 4720 · since {at(12)} · from `10.0.0.5`\n"
                    f"⚪ *idle for 1 min* · last query {at(1)} · in `shop`"
                ),
            )
        ),
        "*Tick what to end:*",
    ]
    assert [option["text"]["text"] for option in options(message)] == [
        f"`pgAdmin 4 - CONN:8122` · since {at(190)} · pid 4715",
        f"`pgAdmin 4 - DB:shop` · since {at(192)} · pid 4711",
        f"`DBeaver 24.1 - Main …` · since {at(100)} · pid 4730",
        f"`psql` · since {at(180)} · pid 4722",
        f"`pgAdmin 4 - DB:shop` · since {at(12)} · pid 4720",
    ]
    assert [option["description"]["text"] for option in options(message)] == [
        "stray: idle for 3 h 10 min",
        "stray: idle for 3 h 5 min",
        "stray: idle in transaction for 30 min, uncommitted writes",
        "active for 5 min",
        "idle for 1 min",
    ]
    assert [read_option(option["value"]).pid for option in options(message)] == [4715, 4711, 4730, 4722, 4720]
    assert [
        (button["text"]["text"], button["action_id"], read_group(button["value"])) for button in buttons(message)
    ] == [
        ("Terminate chosen…", ids.TERMINATE_CHOSEN, Group("class", "alice", 0)),
        ("Terminate strays…", ids.TERMINATE_STRAYS, Group("class", "alice", 0)),
    ]


def test_a_box_of_yesterday_has_the_date_and_still_fits() -> None:
    old = a_backend(4194304, started=60 * 24 * 400, application_name="pgAdmin 4 - CONN:8122")
    (box,) = options(rendered(a_listing(an_entry(a_reading(old)))))
    assert box["text"]["text"].endswith("^{date_short}|18 Oct 2025> · pid 4194304")
    assert box["text"]["text"].startswith("`pgAdmi…` ")


def test_the_text_alone_tells_the_whole_outcome() -> None:
    message = rendered(a_listing(an_entry(a_reading(*five()))))
    assert message.text == (
        "alice: 5 of 5 connections — alice cannot open another. 3 look stray. "
        "Pid 4715 (`pgAdmin 4 - CONN:8122`, idle for 3 h 10 min), stray: one of 3 pgAdmin connections from this address, "
        "not the newest; pgAdmin is known to hold extra ones; unused for 3 h 10 min. "
        "Pid 4711 (`pgAdmin 4 - DB:shop`, idle for 3 h 5 min), stray: one of 3 pgAdmin connections from this address, "
        "not the newest; pgAdmin is known to hold extra ones; unused for 3 h 5 min. "
        "Pid 4730 (`DBeaver 24.1 - Main &lt;shop&gt;`, idle in transaction for 30 min, uncommitted writes), "
        "stray: its transaction was left open for 30 min. "
        "Pid 4722 (psql, active for 5 min). Pid 4720 (`pgAdmin 4 - DB:shop`, idle for 1 min)."
    )


def test_an_owner_closes_one_by_one_with_names_a_screen_reader_can_tell_apart() -> None:
    message = rendered(a_listing(an_entry(a_reading(*five()), Right.OWNER)))
    closing = [button for button in buttons(message) if button["action_id"] == ids.CLOSE]
    assert {button["text"]["text"] for button in closing} == {"Close"}
    assert [button["accessibility_label"] for button in closing] == [
        "Close pgAdmin, since 03:50",
        "Close pgAdmin, since 03:48",
        "Close DBeaver, since 05:20",
        "Close psql, since 04:00",
        "Close pgAdmin, since 06:48",
    ]
    assert [read_close(button["value"]).chosen[0].pid for button in closing] == [4715, 4711, 4730, 4722, 4720]
    assert [button["text"]["text"] for button in buttons(message)][-1] == "Close strays…"
    assert "a connection that is only idle is fine" in shown(message)
    assert not options(message)


def test_equal_connections_are_told_apart_by_pid() -> None:
    twins = [a_backend(pid, application_name="psql") for pid in (1, 2)]
    message = rendered(a_listing(an_entry(a_reading(*twins, a_backend(3, started=1)), Right.OWNER)))
    labels = [button["accessibility_label"] for button in buttons(message) if "accessibility_label" in button]
    assert labels[:3] == ["Close psql, since 04:00, pid 1", "Close psql, since 04:00, pid 2", "Close psql, since 06:59"]


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize(
    ("count", "name"),
    [
        *((count, name) for count in COUNTS for name in ("psql", "&" * 63)),
        *((count, name) for count in (5, 100) for name in NAMES),
    ],
)
def test_every_listing_is_within_slacks_limits_and_harmless(count: int, right: Right, name: str) -> None:
    message = rendered(a_listing(an_entry(many(count, name), right)))
    assert faults(message) == []
    told = shown(message)
    hidden = count - len(PID.findall(told))
    assert count <= 10 or 4 <= count - hidden <= listing.SHOWN
    assert f"*{hidden:,} more are not shown one by one*" in told if hidden else "more are not shown" not in told
    assert f"{hidden:,} more are not shown." in message.text if hidden else "more are not shown" not in message.text


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("count", [16, 40, 150])
def test_those_that_are_not_shown_one_by_one_are_named_by_their_pids(count: int, right: Right) -> None:
    reading = many(count)
    told = shown(rendered(a_listing(an_entry(reading, right))))
    assert not [backend.pid for backend in reading.clients if str(backend.pid) not in told]
    two = shown(rendered(a_listing(an_entry(reading, right), an_entry(many(count, "bob", first_pid=9000), right))))
    assert "more are not shown here" in two


@pytest.mark.parametrize("count", [1, 5, 100])
@pytest.mark.parametrize("roles", [2, 3, 5, 8])
@pytest.mark.parametrize("right", RIGHTS)
def test_several_roles_share_the_room(count: int, roles: int, right: Right) -> None:
    entries = [
        an_entry(many(count, f"r{at} <!here>", server=f"s{at % 2}", first_pid=5000 * at + 1), right)
        for at in range(roles)
    ]
    message = rendered(a_listing(*entries))
    assert faults(message) == []
    listed = min(roles, listing.ROLES_SHOWN)
    assert all(f"r{at} " in message.text for at in range(min(listed, 2)))
    assert ("further role" in shown(message)) is (roles > listed)
    indices = {read_group(button["value"]).index for button in buttons(message) if button["action_id"] != ids.CLOSE}
    assert indices == set(range(listed)) or right is Right.OWNER


def test_equal_connections_of_two_roles_are_told_apart() -> None:
    entries = [an_entry(many(2, "psql", server=server), Right.OWNER) for server in ("a", "b")]
    message = rendered(a_listing(*entries))
    assert faults(message) == []
    labels = [button["accessibility_label"] for button in buttons(message) if button["action_id"] == ids.CLOSE]
    assert labels[0].endswith(", pid 1000, list 1")
    assert labels[-1].endswith(", pid 1001, list 2")


def test_what_is_not_shown_can_be_typed() -> None:
    told = shown(rendered(a_listing(an_entry(many(100, "Ann Smith"))), CommandNames("/pgconns", "/pgkill", "/pgbot")))
    assert '`/pgkill "Ann Smith" strays on class`' in told
    assert '`/pgkill "Ann Smith" all on class`' in told
    assert '`/pgkill "Ann Smith" PID on class`' in told


def test_more_than_ten_of_an_owners_connections_are_ticked_in_a_list() -> None:
    message = rendered(a_listing(an_entry(many(11), Right.OWNER)))
    assert next(button["action_id"] for button in buttons(message)) == ids.TERMINATE_CHOSEN
    assert len(options(message)) == sum(1 for at in range(11) if at % 5 != 4)


def test_a_server_that_did_not_answer_is_named() -> None:
    found = Listing((an_entry(a_reading(*five())),), (ServerUnavailable("lab <!here>", "unreachable"),))
    message = rendered(found)
    assert faults(message) == []
    assert "The server `lab &lt;!here&gt;` cannot be reached" in message.text
    assert "`lab &lt;!here&gt;` cannot be reached" in message.blocks[-1]["text"]["text"]


@pytest.mark.parametrize("count", [0, 1, 6, 60])
def test_many_servers_that_did_not_answer_are_counted(count: int) -> None:
    unavailable = tuple(ServerUnavailable(f"{at}{'&' * 63}", "rights", "<!here>" * 9) for at in range(count))
    entries = [an_entry(many(100, f"r{at}" + "&" * 61, first_pid=5000 * at + 1)) for at in range(5)]
    message = rendered(Listing(tuple(entries), unavailable))
    assert faults(message) == []
    assert ("more server" in message.text) is (count > listing.SILENT_SHOWN)


def test_a_service_account_is_shown_without_buttons_and_says_whom_to_ask() -> None:
    reading = a_reading(a_backend(role="canvas"), role=a_role("canvas", student=False, service=True))
    message = rendered(a_listing(an_entry(reading, ask="dba@example.edu")))
    assert "canvas is a service account, whose connections are never ended here. Ask `dba@example.edu`." in shown(
        message
    )
    assert not buttons(message)
    assert not options(message)


def test_what_may_not_be_ended_has_no_control_and_says_why() -> None:
    pooled = a_backend(1, pooler=True)
    message = rendered(a_listing(an_entry(a_reading(pooled, a_backend(2, started=1, since=1)), Right.OWNER)))
    assert "_not ended here:_ it is a pooler's: to end it frees nothing, and it may carry other people's work" in shown(
        message
    )
    assert [read_close(button["value"]).chosen[0].pid for button in buttons(message)] == [2]


def test_helper_processes_are_mentioned_and_not_listed() -> None:
    helper = a_backend(2, backend_type="parallel worker", leader_pid=1)
    told = shown(rendered(a_listing(an_entry(a_reading(a_backend(1), helper)))))
    assert "1 helper process of the server not listed: they take no slot." in told
    assert "pid 2" not in told


@pytest.mark.parametrize(("right", "needs_reason"), [(Right.OWNER, False), (Right.RESPONDER, True)])
def test_where_no_states_are_told_that_and_what_ending_takes_is_said(right: Right, *, needs_reason: bool) -> None:
    reading = a_reading(an_unseen_backend(1, queried=1), an_unseen_backend(2, client_address=None), tells_states=False)
    message = rendered(a_listing(an_entry(reading, right)))
    told = shown(message)
    assert "does not show the bot states: whether a query is running or a transaction is open is not known." in told
    assert ("needs a reason: `/kill alice PID on class because …`" in told) is needs_reason
    assert "Pid 2 (psql, state not shown to the bot), stray: no query has begun for 1 h." in message.text
    assert f"last query {at(1)}" in told
    assert told.count("(or a helper process of it)") == 1
    assert buttons(message)


def test_where_states_are_told_no_reason_is_spoken_of() -> None:
    told = shown(rendered(a_listing(an_entry(a_reading(*five())))))
    assert "does not show the bot states" not in told
    assert "because" not in told


@pytest.mark.parametrize("state", BackendState)
def test_every_state_has_words(state: BackendState) -> None:
    message = rendered(a_listing(an_entry(a_reading(a_backend(state=state, since=None)))))
    words = {"": "state not shown to the bot", "disabled": "state not tracked by the server"}.get(state, state)
    assert words in message.text
    assert words in shown(message)
    assert faults(message) == []


def test_a_socket_an_unnamed_client_and_no_database_are_said_in_words() -> None:
    bare = a_backend(application_name="", client_address=None, database=None)
    told = shown(rendered(a_listing(an_entry(a_reading(bare), Right.OWNER))))
    assert "unnamed client · pid 4711" in told
    assert "from the server's own machine" in told
    assert "Close unnamed client, since 04:00" in told
