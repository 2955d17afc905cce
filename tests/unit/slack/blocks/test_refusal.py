from typing import Any

import pytest

from bot.errors import (
    AmbiguousRole,
    BotError,
    NotPermitted,
    OwnDatabaseUnavailable,
    OwnsNothing,
    ReasonNeeded,
    ServerUnavailable,
    SetupError,
    UnknownRole,
    UnknownServer,
    UsageError,
)
from bot.slack.blocks import refusal, usage
from bot.slack.blocks.text import name, plain
from bot.slack.commands import CommandNames
from bot.slack.subcommands import LATER
from bot.slack.words import Problem
from tests.block_rules import _invisible, faults, strings
from tests.hostile import NAMES

NAMED = CommandNames("/pgconns", "/pgkill", "/pgbot")


def every_error(text: str) -> list[BotError]:
    return [
        NotPermitted("list", text, text),
        NotPermitted(text),
        OwnsNothing(text),
        UnknownServer(text, (text, text)),
        UnknownRole(text, text),
        AmbiguousRole((text, text)),
        ReasonNeeded(text, text, "4711 4712"),
        *(
            ServerUnavailable(text, why, text)
            for why in ("full", "role_full", "database_full", "unreachable", "deadline", "rights", "refused", text)
        ),
        OwnDatabaseUnavailable(text),
        *(UsageError(command, f"{problem} {text}") for problem in Problem for command in ("conns", "kill", "connbot")),
        UsageError(text, text),
    ]


@pytest.mark.parametrize("text", NAMES)
def test_whatever_an_error_holds_its_message_is_harmless(text: str) -> None:
    for error in every_error(text):
        assert faults(refusal.render(error, viewer="U0ALICE", names=NAMED)) == []
        sentence = refusal.sentence(error)
        assert not _invisible(sentence)
        assert "\n" not in sentence


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            NotPermitted("list", "alice"),
            (
                "You may not see the connections of alice: if the role is yours, `/connbot link alice` links you to it; "
                "if you help students, ask an instructor to allow you."
            ),
        ),
        (
            NotPermitted("terminate", "alice", "class"),
            (
                "You may not end connections of alice on class: if the role is yours, `/connbot link alice on class` links you to it; "
                "if you help students, ask an instructor to allow you."
            ),
        ),
        (
            NotPermitted("terminate", "ann smith", "class", formerly=True),
            (
                'You may not end connections of ann smith on class: if the role is yours, `/connbot link "ann smith" on class` '
                "links you to it; if you help students, ask an instructor to allow you. Your link is to an earlier role of that "
                "name and counts no more: where it was made anew, link yourself again."
            ),
        ),
        (NotPermitted("link"), "You may not be linked to a role: ask an admin."),
        (
            NotPermitted("allow", None, "class"),
            "You may not make anyone an instructor or admin on class: ask an admin.",
        ),
        (NotPermitted("dance"), "You may not do this: ask an admin."),
        (
            OwnsNothing("U0ALICE"),
            (
                "No role is known to be yours. `/connbot link ROLE`, with your role's name, links you to it; "
                "or ask the staff: they need that name and your Slack ID, U0ALICE."
            ),
        ),
        (UnknownServer("lab", ("class", "exam")), "There is no server lab. Known: class and exam."),
        (UnknownServer("lab", ()), "There is no server lab. Known: none."),
        (UnknownRole("bob", "class"), "There is no role bob on class: look at the spelling, upper and lower case too."),
        (AmbiguousRole(("a", "b")), "Several roles could be meant: a or b. Name one."),
        (
            ReasonNeeded("ann smith", "class", "4711 4712"),
            (
                "Somebody may be working in these connections of ann smith, so its owner is asked first, and is told why. "
                'Nothing was ended. Type `/kill "ann smith" 4711 4712 on class because` and then why.'
            ),
        ),
        (
            ServerUnavailable("class", "full", "secret"),
            (
                "The server class is full, and the bot has no working connection to it. Nothing was ended. It tries again every second, "
                "for the next minute five times a second, and takes the next slot that comes free, because with it the others can be freed. Meanwhile close what you do not "
                "need in the programs themselves (quit psql, disconnect pgAdmin, shut notebooks down): each frees a slot. Whoever "
                "runs the server may still get in as a superuser, for whom slots are kept."
            ),
        ),
        (
            ServerUnavailable("class", "role_full", "too many"),
            (
                "The server class refuses the bot, whose own role has all the connections it may have (too many). Nothing was ended. "
                "It tries again every second. Whoever runs the server can raise that role's connection limit to 3, or end a "
                "connection of it that hangs."
            ),
        ),
        (
            ServerUnavailable("class", "database_full", "too many"),
            (
                "The server class refuses the bot, because the database it logs in to has all the connections it may have (too many). "
                "Nothing was ended. It tries again every second. Whoever runs the server can raise that database's connection "
                "limit, or let the bot log in to another one, such as postgres."
            ),
        ),
        (
            ServerUnavailable("class", "unreachable"),
            "The server class cannot be reached: it may be down, restarting, or cut off. Nothing was ended.",
        ),
        (ServerUnavailable("class", "deadline"), "The server class did not answer within 3 s. Nothing was ended."),
        (
            ServerUnavailable("class", "refused", "no pg_hba entry"),
            'The server class refused the bot ("no pg_hba entry"). Nothing was ended.',
        ),
        (ServerUnavailable("class", "odd"), "The server class is not available. Nothing was ended."),
        (SetupError(("One.", "Two.")), "One. Two."),
        (BotError(), "This could not be done."),
    ],
)
def test_each_error_is_a_sentence_for_a_terminal(error: BotError, sentence: str) -> None:
    assert refusal.sentence(error) == sentence.replace('"no pg_hba entry"', plain("no pg_hba entry"))


def test_a_refusal_names_the_readers_own_slack_id() -> None:
    told = refusal.render(NotPermitted("list", "alice"), viewer="U0ALICE", names=NAMED).text
    assert told.endswith("Your Slack ID is U0ALICE.")


def test_nothing_was_ended_when_nothing_could_be_recorded() -> None:
    assert "nothing was ended and nothing changed" in refusal.sentence(OwnDatabaseUnavailable("disk full"))


def test_wrong_input_is_named_and_its_commands_usage_follows() -> None:
    told = refusal.render(UsageError("kill", "bad_pid 12ab"), viewer="U0ALICE", names=NAMED).text
    assert told.startswith("12ab is no pid.")
    assert "`/pgkill alice strays`" in told
    assert "/pgbot" not in told
    conns = refusal.render(UsageError("conns", "help"), viewer="U0ALICE", names=NAMED).text
    assert conns.startswith("`/pgconns` — your own connections.")


def test_wrong_input_to_connbot_tells_the_slack_id_too() -> None:
    told = refusal.render(UsageError("connbot", "unknown_subcommand explode"), viewer="U0ALICE", names=NAMED).text
    assert told.startswith("I do not know explode. Your Slack ID is `U0ALICE`.")
    assert "`/pgbot members`" in told


@pytest.mark.parametrize("problem", ["stale_button", "nothing_ticked"])
def test_a_click_needs_no_usage(problem: str) -> None:
    assert "/pgkill" not in refusal.render(UsageError("kill", problem), viewer="U0ALICE", names=NAMED).text


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_has_words(problem: Problem) -> None:
    said = usage.problem(UsageError("kill", f"{problem} xyz"), names=NAMED, quote=name)
    assert "{" not in said
    assert bool(said) is (problem is not Problem.HELP)


def test_a_problem_of_another_hand_is_quoted() -> None:
    assert (
        refusal.sentence(UsageError("allow", "over already"), names=NAMED)
        == "over already is not understood: see /pgbot help."
    )


@pytest.mark.parametrize("argument", ["until", "slack_id", "roles", "head"])
def test_an_argument_that_means_nothing_is_explained(argument: str) -> None:
    error = UsageError("allow", argument)
    assert "not understood" not in refusal.sentence(error)
    assert "`/pgbot members`" in refusal.render(error, viewer="U0ALICE", names=NAMED).text


def test_help_shows_every_command_with_examples_and_ones_own_slack_id() -> None:
    message = usage.render_help(viewer="U0ALICE", names=NAMED)
    assert faults(message) == []
    told = "\n".join(strings(message))
    for example in (
        "`/pgconns`",
        "`/pgconns alice on class`",
        "`/pgkill alice 4711 4712`",
        "`/pgkill alice strays`",
        "`/pgkill alice all`",
        "`/pgbot help`",
        "`/pgbot members`",
        "`/pgbot disallow @Ann`",
        "Your Slack ID is `U0ALICE`.",
    ):
        assert example in told


@pytest.mark.parametrize("word", LATER)
def test_what_comes_later_is_said_to_come_later(word: str) -> None:
    message = usage.render_unsupported(word, names=NAMED)
    assert f"`/pgbot {word}` is not there yet" in message.text
    assert faults(message) == []


def test_the_notices() -> None:
    messages: list[Any] = [refusal.render_pace(names=NAMED), refusal.render_unexpected("3f9c1a2b")]
    assert [faults(message) for message in messages] == [[], []]
    assert "more than ten commands in a minute" in messages[0].text
    assert "`3f9c1a2b`" in messages[1].text
