"""What is said about a message itself."""

import pytest

from bot.causes.redaction import SecretKind
from bot.slack.blocks import hearing
from bot.slack.blocks.text import Message
from tests.block_rules import faults
from tests.builders import ALICE, BOB

URL = "https://course.slack.com/archives/C0HELP/p1763812800000100"


@pytest.mark.parametrize(
    "message",
    [
        hearing.render_secrets(tuple(SecretKind), direct=False),
        hearing.render_secrets(tuple(SecretKind), direct=False, address=URL),
        hearing.render_secrets(tuple(SecretKind), direct=True),
        hearing.render_report_read(ALICE, BOB),
        hearing.render_says_nothing(),
        hearing.render_of_no_person(),
        hearing.render_too_old(),
        hearing.render_not_there(),
    ],
)
def test_slack_takes_it(message: Message) -> None:
    assert faults(message) == []


def test_the_author_of_a_secret_is_told_what_to_do() -> None:
    told = hearing.render_secrets((SecretKind.PASSWORD, SecretKind.TOKEN), direct=False).text

    assert (
        "There is a password and an access token in your message in the channel, where everybody can read it." in told
    )
    assert "Change the password and the token first" in told
    assert "Edit message" in told


def test_the_author_is_shown_which_message_it_is() -> None:
    told = hearing.render_secrets((SecretKind.PASSWORD,), direct=False, address=URL).text

    assert f"There is a password in <{URL}|your message> in the channel" in told


def test_in_a_direct_message_nobody_else_has_read_it() -> None:
    told = hearing.render_secrets((SecretKind.PRIVATE_KEY,), direct=True).text

    assert told.startswith("There is a private key in the message that you sent me. Change the key first")
    assert "everybody" not in told


def test_whoever_chose_the_shortcut_learns_whose_report_it_is() -> None:
    assert f"the report of <@{ALICE}>" in hearing.render_report_read(ALICE, BOB).text
    assert "your report" in hearing.render_report_read(BOB, BOB).text
