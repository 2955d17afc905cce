from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.incidents.event import Event, EventBackend
from bot.incidents.timeline_values import Cursor, Page, Question
from bot.slack import ids
from bot.slack.blocks import elements, history
from bot.slack.blocks.text import Message
from bot.slack.history_payloads import read_page
from tests.block_rules import buttons, faults
from tests.builders import NOON, minutes
from tests.hostile import NAMES

NEW_YORK = ZoneInfo("America/New_York")


def an_event(
    kind: str = "termination",
    *,
    state: str = "resolved",
    server: str = "class",
    role: str = "alice",
    requester: str = "U0BOB",
    reason: str = "",
    ended: tuple[str | None, ...] = ("terminated",),
) -> Event:
    backends = tuple(EventBackend(4711 + at, NOON, outcome) for at, outcome in enumerate(ended))
    return Event("7", kind, server, role, state, requester, reason, NOON - minutes(5), backends)


def rendered(*events: Event, role: str | None = None, older: Cursor | None = None, after: bool = False) -> Message:
    asked = Question(role=role, server="class", person="U0BOB", since=NOON)
    message = history.render(Page(events, older), asked, zone=NEW_YORK, now=NOON, after=after)
    assert faults(message) == []
    return message


def test_each_event_is_a_line_with_who_when_and_what_became_of_it() -> None:
    told = rendered(
        an_event(ended=("terminated", "already_gone", "terminated", None), reason="exam at 9"),
        an_event("refusal", state="denied", requester="U0EVE", reason="nothing", ended=()),
        an_event("workspace", state="", server="", role="", requester="serve", ended=()),
        role="alice",
    )
    assert told.text == (
        "On record for alice: the newest 3 entries. "
        "• 06:55 · termination (resolved) · alice on class · by <@U0BOB> · "
        "pids 4711 and 4713 terminated, pid 4712 already gone and pid 4714 open · reason: `exam at 9` "
        "• 06:55 · refusal (denied) · alice on class · by <@U0EVE> · reason: `nothing` "
        "• 06:55 · workspace · by serve"
    )


def test_queries_and_clients_are_counted_and_called_by_their_names() -> None:
    told = rendered(
        an_event("cancellation", ended=("terminated",)),
        an_event("cancellation", ended=("terminated", "terminated", "changed")),
        an_event("cancellation", ended=("terminated",) * 6),
        an_event("client_termination", ended=("already_gone",) * 6),
        an_event(ended=("terminated",) * 6),
    )
    for said in (
        "\u00b7 the query of pid 4711 cancelled \u2022",
        "\u00b7 the queries of pids 4711 and 4712 cancelled and the query of pid 4713 changed \u2022",
        "\u00b7 6 queries cancelled \u2022",
        "\u00b7 6 clients already gone \u2022",
        "\u00b7 6 connections terminated",
    ):
        assert said in told.text


def test_a_change_of_rights_names_whose_and_gives_no_reason() -> None:
    told = rendered(
        an_event("membership", state="allowed", role="", reason="U0ANN: responder, sec1_*", ended=()),
        an_event("ownership", state="linked", reason="U0ANN: staff", ended=()),
        an_event("membership", state="disallowed", role="", reason="U0ANN", ended=()),
    )
    assert told.text == (
        "On record: the newest 3 entries. "
        "• 06:55 · membership (allowed) · on class · by <@U0BOB> · <@U0ANN>: `responder, sec1_*` "
        "• 06:55 · ownership (linked) · alice on class · by <@U0BOB> · <@U0ANN>: `staff` "
        "• 06:55 · membership (disallowed) · on class · by <@U0BOB> · <@U0ANN>"
    )


def test_the_way_to_older_ones_and_back_carries_what_was_asked_for() -> None:
    assert buttons(rendered(an_event())) == []
    [older] = buttons(rendered(an_event(), role="alice", older=Cursor(41, NOON - minutes(9))))
    assert (older["action_id"], older["text"]["text"]) == (ids.HISTORY_OLDER, "Older")
    asked = Question(role="alice", server="class", person="U0BOB", since=NOON)
    assert read_page(older["value"]) == (asked, Cursor(41, NOON - minutes(9)))
    middle = rendered(an_event(), role="alice", older=Cursor(3), after=True)
    assert [button["action_id"] for button in buttons(middle)] == [ids.HISTORY_OLDER, ids.HISTORY_NEWEST]
    assert read_page(buttons(middle)[1]["value"]) == (asked, Cursor())
    assert rendered(after=True).text == "Nothing older is on record."


def test_an_incident_has_a_button_for_its_details() -> None:
    incident = replace(an_event("incident", state="opened", reason="role limit", ended=()), incident="i-7a")
    told = rendered(an_event(), incident, an_event())
    [details] = buttons(told)
    assert (details["action_id"], details["value"]) == (ids.INCIDENT_DETAILS, "i-7a")
    assert "incident (opened) \u00b7 alice on class \u00b7 by <@U0BOB> \u00b7 reason: `role limit`" in told.text


def test_of_names_so_long_that_slack_takes_no_more_the_lines_are_told() -> None:
    incident = replace(
        an_event("incident", role='"' * 63, state="opened", reason="role limit", ended=()), incident="i" * 22
    )
    asked = Question(role='"' * 63, server="class", person="U0BOB", cause="role_limit", since=NOON, until=NOON)
    page = Page((incident,) * 20, Cursor(7, NOON, "p" * 22))
    told = history.render(page, asked, zone=NEW_YORK, now=NOON, after=True)
    assert faults(told) == []
    assert elements.fits(told)
    assert told.drawn.count("incident (opened)") == 20
    assert [button["action_id"] for button in buttons(told)] == [ids.HISTORY_OLDER, ids.HISTORY_NEWEST]


def test_of_several_roles_it_says_which_have_older_ones() -> None:
    told = history.render(Page((an_event(),)), Question(), zone=NEW_YORK, now=NOON, elsewhere=["alice", "<!here>"])
    assert faults(told) == []
    assert told.text.endswith("There are older ones: ask for alice or `&lt;!here&gt;` alone.")
    assert "There are older ones" in told.drawn


def test_one_entry_and_none() -> None:
    assert (
        rendered(an_event(requester="")).text
        == "On record: • 06:55 · termination (resolved) · alice on class · pid 4711 terminated"
    )
    assert rendered().text == "Nothing is on record."
    assert rendered(role="<!here>").text == "Nothing is on record for `&lt;!here&gt;`."


@pytest.mark.parametrize("text", NAMES)
def test_a_long_record_of_hostile_texts_is_cut_and_harmless(text: str) -> None:
    event = an_event(
        text, state=text, server=text, role=text, requester=text, reason=text * 9, ended=("failed",) * 2000
    )
    told = rendered(*[event] * 20, role=text or None, older=Cursor(7, NOON))
    assert "2,000 connections failed" in told.text
