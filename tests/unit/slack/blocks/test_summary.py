"""The week in the channel: twelve blocks at most, its figures in sentences, people never named, valid whatever names there are."""

from dataclasses import replace

import pytest

from bot.slack import ids
from bot.slack.blocks import summary
from bot.slack.blocks.text import Message
from bot.slack.payloads import read_about_week
from bot.summaries.changes import Change, Remedy
from bot.summaries.facts import Ends, Facts, Height, Program, RoleUse, Watched
from bot.summaries.naming import ONE_EACH
from bot.summaries.told import Told, tell
from bot.summaries.week import Week
from tests.block_rules import buttons, faults
from tests.hostile import NAMES
from tests.weeks import BEFORE, HOUR, MONDAY, NEXT, NOW, WEEK, ZONE, a_program, busy, facts, happened


def rendered(told: Told | Facts) -> Message:
    message = summary.render(told if isinstance(told, Told) else tell(told), zone=ZONE, now=NOW)
    assert faults(message) == []
    assert len(message.blocks) <= 12
    return message


def test_a_quiet_week_that_was_watched_whole_is_one_friendly_line() -> None:
    message = rendered(facts())
    line, end = message.blocks
    assert line["text"]["text"] == (
        "Week 2026-W47 on class was quiet: nobody told me of trouble, and I watched all 168 hours."
    )
    assert end["elements"][0]["text"] == f"The record has 12 entries; its head is `12:{'ab' * 32}`."


def test_a_quiet_week_says_what_is_unknown() -> None:
    line, _ = rendered(facts(spans=[Watched(BEFORE, NEXT, None)])).blocks
    assert line["text"]["text"].endswith("168 hours. How many sessions were ended by operators or others is unknown.")


def test_every_figure_stands_in_the_sentences() -> None:
    text = rendered(busy()).text
    for words in (
        "I watched all 168 hours.",
        "5 incidents, 25% more than the week before (4): 4 × role limit and 1 × full server.",
        "1 of them is still open.",
        "Median: I answered after 6 s (worst 12 s)",
        "a person of the staff was there after 4 min (worst 9 min, in 4 of 5)",
        "it was over after 10 min (worst 1 h 5 min, in 4 of 5)",
        "I ended 8 connections, 5 with the owner's consent (62%).",
        "2 had begun to work again and were left alone",
        "1 query was cancelled.",
        "3 sessions were ended by operators or others.",
        "60 of 97 of the server's slots were in use, on Tue 17 Nov 10:00.",
        "Databases: bank 5 of 5 and shop 18 of 20.",
        "2 of 3 roles reached their own limit.",
        "On average 20.0 of 24.0 connections idled, 20% fewer than the week before.",
        "pgAdmin 10.0 (50%), canvas 5.0 (25%, a service) and psql 5.0 (25%).",
        "Most in one place: 6.0 from 10.0.1.0/24 with pgAdmin",
        "Raise the limit of roles from 5 to 7",
        "Tell everybody who uses pgAdmin: Close the Query Tool tabs",
        f"its head is `12:{'ab' * 32}`",
    ):
        assert words in text, words
    assert not {"ann", "bob", "cem"} & set(text.replace(".", " ").split())


def test_charts_show_so_much_that_it_can_be_read() -> None:
    names = [f"DBeaver 24.3.1 - Metadata {number}" for number in range(8)]
    causes = ("role_limit", "role_limit", "database_limit", "server_limit", "reserved_slots", "pooler_limit")
    week = busy(
        programs=[a_program(name, "10.0.1.0/24", 20 - number) for number, name in enumerate(names)],
        incidents=[happened(cause) for cause in causes],
    )
    told = rendered(week)
    pie, bars = (block["chart"] for block in told.blocks if block["type"] == "data_visualization")
    assert [one["value"] for one in pie["segments"]] == [2, 1, 1, 2]
    assert pie["segments"][-1]["label"] == "others"
    [series] = bars["series"]
    labels = [point["label"] for point in series["data"]]
    assert (len(set(labels)), max(map(len, labels))) == (5, 10)
    # Each figure stands in the sentences, too.
    assert all(f" {point['value']:.1f} (" in told.text for point in series["data"])


def test_two_charts_show_the_same_figures() -> None:
    charts = [block for block in rendered(busy()).blocks if block["type"] == "data_visualization"]
    pie, bars = (chart["chart"] for chart in charts)
    assert {one["label"]: one["value"] for one in pie["segments"]} == {"role limit": 4, "full server": 1}
    assert [one["value"] for one in bars["series"][0]["data"]] == [10.0, 5.0, 5.0]


def test_500_incidents_of_many_causes_are_twelve_blocks_at_most() -> None:
    names = [NAMES[number % len(NAMES)] for number in range(40)]
    many = [happened(f"{names[number % 40]} {number % 40}", 1, 2, 3) for number in range(500)]
    programs = [a_program(f"{name} {number}", f"10.0.{number}.0/24", 3) for number, name in enumerate(names)]
    heights = [Height("database", f"d{number}", 5, 5, MONDAY) for number in range(60)]
    roles = [RoleUse(f"r{number}", 5, 5) for number in range(300)]
    missed = [tell(facts(week=Week(2026, number))).digest for number in range(40, 47)]
    told = tell(busy(incidents=many, programs=programs, heights=heights, roles=roles))
    message = rendered(replace(told, missed=tuple(missed), further=5, unseen=60))
    assert "Ask me for 5 earlier weeks, each by its number." in message.text
    assert "Of 60 weeks I know nothing: nobody watched, and nothing was reported." in message.text
    assert "500 incidents" in message.text
    assert "396 of other kinds. Median: I answered after 1 min" in message.drawn


@pytest.mark.parametrize("name", NAMES)
def test_whatever_programs_servers_and_databases_are_called(name: str) -> None:
    given = busy(
        server=name or "x",
        programs=[a_program(name, "10.0.1.0/24", 9), a_program(f"{name} 2", "", 8)],
        heights=[Height("database", name, 5, 5, MONDAY), Height("server", name, 5, 97, MONDAY)],
        roles=[RoleUse(name or "x", 5, 5)],
        incidents=[happened(name), happened(f"{name} 2")],
    )
    rendered(given)
    assert faults(summary.render_names(tell(given).digest)) == []


def test_a_week_with_gaps_says_at_least_and_where_nobody_looked() -> None:
    spans = [Watched(BEFORE, MONDAY + 24 * HOUR, 2), Watched(MONDAY + 96 * HOUR, NEXT, 1)]
    text = rendered(busy(spans=spans)).text
    assert "I watched 96 of 168 hours; nobody looked from Tue 17 Nov 00:00 to Fri 20 Nov 00:00." in text
    assert "At least 5 incidents: " in text
    assert "week before" not in text
    assert "None seen." in rendered(facts(spans=spans)).text
    assert "At least 3 sessions were ended by operators or others." in rendered(facts(spans=spans)).text


def test_a_gap_of_minutes_is_not_rounded_away() -> None:
    text = rendered(facts(spans=[Watched(BEFORE, MONDAY + 24 * HOUR, 0), Watched(MONDAY + 24.2 * HOUR, NEXT, 0)])).text
    assert "I watched 167 of 168 hours; nobody looked from Tue 17 Nov 00:00 to Tue 17 Nov 00:12." in text


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (400, "400 incidents, as many as the week before:"),
        (401, "400 incidents, about as many as the week before (401):"),
        (390, "400 incidents, 3% more than the week before (390):"),
    ],
)
def test_as_many_as_before_is_said_of_as_many_alone(before: int, words: str) -> None:
    assert words in rendered(facts(incidents=[happened()] * 400, incidents_before=before)).text


def test_where_the_server_s_count_is_no_use_for_a_time_there_were_at_least_so_many() -> None:
    spans = [
        Watched(BEFORE, NEXT - HOUR, 0),
        Watched(NEXT - HOUR, NEXT - HOUR / 2, 3),
        Watched(NEXT - HOUR / 2, NEXT, None),
    ]
    assert "At least 3 sessions were ended by operators or others." in rendered(facts(spans=spans)).text


def test_next_to_nothing_is_not_ranked() -> None:
    little = [a_program("pgAdmin", "10.0.1.0/24", 0.02), a_program("psql", "10.0.2.0/24", 0.01)]
    assert (
        "On average fewer than 0.1 of 2.0 connections idled. "
        in rendered(busy(programs=little, idle_seconds_before=0)).text
    )
    some = rendered(busy(programs=[*little, a_program("DBeaver", "10.0.1.0/24", 3)])).text
    assert "DBeaver 3.0 (99%). Most in one place: 3.0 from 10.0.1.0/24 with DBeaver." in some


def test_what_did_not_end_is_told_where_nothing_did() -> None:
    ends = [Ends("terminate", False, "already_gone", 1), Ends("client", False, "refused", 2)]
    text = rendered(facts(ends_by_outcome=ends)).text
    assert "Of those that I was asked to end, 2 were refused and 1 had ended by itself." in text


def test_what_the_server_does_not_show_is_not_told_as_nothing() -> None:
    silent = Program("psql", "", False, 1, None, 9000.0, 0.0, 0.0)
    assert "does not show me which connections idle." in rendered(busy(programs=[silent])).text


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Change(Remedy.DATABASE_LIMIT, "shop", number=20, to=25), "ALTER DATABASE \u2026 CONNECTION LIMIT 25"),
        (
            Change(Remedy.SERVICE, "canvas", 5.0),
            "the pool behind canvas hold fewer connections. That would free about 5",
        ),
        (Change(Remedy.TIMEOUT, frees=0.4), "not for roles that a service or a pool uses, which do not expect it."),
        (Change(Remedy.CLIENT, "PostgreSQL JDBC Driver", 5.0), "Open connections in try (Connection c"),
        (Change(Remedy.CLIENT, "<!channel>", 5.0), "`&lt;!channel&gt;`: Close each connection when"),
    ],
)
def test_each_change_says_what_to_do(told: Change, words: str) -> None:
    assert words in rendered(replace(tell(busy()), changes=(told,))).text


def test_where_nobody_looked_that_is_said() -> None:
    text = rendered(facts(spans=[], incidents=[happened()])).text
    assert "Nobody looked at the server" in text
    assert "ended by operators or others is unknown" in text


def test_a_week_that_is_not_over_says_so_far() -> None:
    text = rendered(facts(now=MONDAY + 30 * HOUR, spans=[Watched(BEFORE, MONDAY + 30 * HOUR, 0)])).text
    assert "I watched all 30 hours so far." in text
    assert "Incidents: None." in text


def test_weeks_that_were_missed_are_a_line_each() -> None:
    earlier = facts(
        week=Week(2026, 46), incidents=[happened()] * 3, ends_by_outcome=[Ends("terminate", True, "terminated", 2)]
    )
    text = rendered(tell(facts(), earlier)).text
    assert "Week 2026-W46, which I could not tell in its time: 3 incidents, 2 connections ended, 168 of 168" in text


def test_a_program_of_one_person_is_not_named() -> None:
    message = rendered(busy(programs=[a_program("ann homework", "10.0.3.0/24", 9, roles=1)]))
    assert "ann homework" not in message.drawn + message.text
    assert "programs of one person each 9.0" in message.text
    assert ONE_EACH not in message.text


def test_names_are_behind_a_button() -> None:
    (button,) = buttons(rendered(busy()))
    assert button["action_id"] == ids.SUMMARY_NAMES
    assert read_about_week(button["value"]) == ("class", WEEK)
    names = summary.render_names(tell(busy()).digest)
    assert faults(names) == []
    assert "ann (5 of 5)" in names.text
    assert "cem" not in names.text
    assert buttons(rendered(busy(roles=[]))) == []
    many = tell(busy(roles=[RoleUse(f"role_{number}", 5, 5) for number in range(900)])).digest
    assert faults(summary.render_names(many)) == []
