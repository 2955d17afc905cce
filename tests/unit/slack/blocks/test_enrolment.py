"""The modals of the class list and of the allow-list."""

import json

import pytest

from bot.access.class_list import Line, Malformed
from bot.access.member import Grade
from bot.access.roster import Found, Match, Preview
from bot.slack import ids
from bot.slack.blocks import allowing, enrolment
from bot.slack.blocks.text import Block, name
from bot.slack.payloads import read_behind
from bot.workspace.block_kit.views import faults_in_view
from tests.builders import an_owner
from tests.hostile import NAMES


def taken(view: Block) -> Block:
    assert faults_in_view(view) == ()
    return view


def found(*matches: Match, **more: object) -> Found:
    preview = Preview(matches, (), (), (), (), **more)  # type: ignore[arg-type]  # fields by name
    return Found("class", preview, frozenset(), ())


def match(number: int = 2, email: str = "alice@example.edu", role: str = "alice") -> Match:
    return Match(number, email, "U0ALICE", role, 16401)


@pytest.mark.parametrize("servers", [["class"], ["class", "lab"], [f"s{number}" for number in range(150)]])
def test_the_forms_are_such_as_slack_takes(servers: list[str]) -> None:
    fields = {block.get("block_id") for block in taken(enrolment.choosing(servers, servers))["blocks"]}
    assert (ids.SERVER_FIELD in fields) == (len(servers) > 1)
    taken(enrolment.reading())
    taken(allowing.adding(servers, allowing.places(servers), list(Grade)))
    taken(allowing.removing(servers, allowing.places(servers)))


def test_there_is_nothing_to_store_where_nobody_is_matched() -> None:
    nobody = taken(enrolment.previewed(found(), "about", replace=False))
    assert "submit" not in nobody
    assert "Nobody in this list is matched" in str(nobody["blocks"])
    assert "submit" in taken(enrolment.previewed(found(match()), "about", replace=False))
    leaving = Found("class", found().preview, frozenset(), (an_owner(),))
    assert "submit" in taken(enrolment.previewed(leaving, "about", replace=True))
    assert "submit" not in taken(enrolment.previewed(leaving, "about", replace=False))
    known = Found("class", found(match()).preview, frozenset(), (), frozenset({("U0ALICE", 16401)}))
    nothing = taken(enrolment.previewed(known, "about", replace=True))
    assert "submit" not in nothing
    assert "There is nothing to store" in str(nothing["blocks"])


def test_what_storing_would_do_is_said_first_and_who_leaves_before_what_is_wrong() -> None:
    line = Line(3, "bob@example.edu", "bob")
    seen = Preview((match(),), (line,), (), (), ())
    view = taken(
        enrolment.previewed(Found("class", seen, frozenset(), (an_owner(),)), "about", replace=True, changed=True)
    )
    texts = [block["text"]["text"] for block in view["blocks"]]
    assert texts[0].startswith("Nothing was stored")
    assert texts[1] == "*Store* makes *1 new link*, ends *1* and leaves 0 as they are."
    assert [text.split("*")[1] for text in texts[2:]] == [
        "1 matched, to own their roles on class",
        "1 no longer in the file",
        "1 not in Slack",
    ]
    assert f"<@{an_owner().slack_id}>" in texts[3]


def test_a_role_that_a_whole_class_would_own_fits_in_the_modal() -> None:
    matches = [Match(n, f"student{n:03}@example.edu", f"U{n}", "team", 7) for n in range(500)]
    view = taken(enrolment.previewed(found(*matches), "about", replace=False))
    assert "and 495 more" in str(view["blocks"])


def test_what_a_preview_is_made_of_goes_with_it_whatever_is_typed() -> None:
    typed = "\U0001f4a9" * 50 + '"' * 50
    about = dict.fromkeys(("email", "role", "status"), typed) | {
        "file": "F" * 11,
        "shown": "0" * 32,
        "replace": True,
    }
    view = taken(enrolment.previewed(found(match()), json.dumps(about, ensure_ascii=False), replace=True))
    assert json.loads(read_behind(view["private_metadata"]).about) == about


def test_an_instructor_of_one_server_is_offered_that_one() -> None:
    for view in (
        enrolment.choosing(["class", "lab"], ["lab"]),
        allowing.adding(["class", "lab"], ["lab"], [Grade.RESPONDER]),
        allowing.removing(["class", "lab"], ["lab"]),
    ):
        [menu] = [one["element"] for one in taken(view)["blocks"] if one["block_id"] == ids.SERVER_FIELD]
        assert [option["text"]["text"] for option in menu["options"]] == ["lab"]
        assert menu["initial_option"] == menu["options"][0]


def test_many_lines_are_counted() -> None:
    view = taken(enrolment.previewed(found(*(match(number) for number in range(500))), "about", replace=False))
    assert "500 matched" in str(view["blocks"])
    assert "and 490 more" in str(view["blocks"])


def test_every_kind_of_line_is_named() -> None:
    line = Line(3, "bob@example.edu", "bob")
    preview = Preview((match(), match(4, role="team")), (line,), (line,), (line,), (Malformed(5, "quotes"),), 7)
    kinds = enrolment.parts(
        Found("class", preview, frozenset({"bob"}), ()), replace=False, quote=name, address=name, who=str
    )
    assert [(part.title, part.lines[0]) for part in kinds][1:] == [
        ("not in Slack", "line 3: `bob@example.edu`"),
        ("not among the configuration's students", "line 3: bob"),
        ("said twice", "line 3: `bob@example.edu`, bob"),
        ("not readable", "line 5: its quotes do not match"),
        ("with several roles", "`alice@example.edu`: alice and team"),
    ]


def test_who_is_new_is_told_apart_from_who_is_there_already() -> None:
    new, kept = match(), match(3, "bob@example.edu", "team")
    preview = Preview((new, Match(3, "bob@example.edu", "U0BOB", "team", 16402)), (), (), (), ())
    there = frozenset({("U0BOB", 16402), ("U0ALICE", 16402)})
    kinds = enrolment.parts(
        Found("class", preview, frozenset(), (an_owner(),), there), replace=True, quote=name, address=name, who=str
    )
    assert [(part.title, len(part.lines), part.lines[0].split()[0]) for part in kinds] == [
        ("matched, to own their roles on class", 1, f"`{new.email}`"),
        ("matched, and own their roles on class already", 1, f"`{kept.email}`"),
        ("no longer in the file", 1, f"{an_owner().slack_id}:"),
    ]


@pytest.mark.parametrize("hostile", NAMES)
def test_names_are_data(hostile: str) -> None:
    view = taken(enrolment.previewed(found(match(email=hostile, role=hostile)), "about", replace=False))
    shown = str(view["blocks"]).replace("<@U0ALICE>", "")
    assert "<!" not in shown
    assert "<@" not in shown
