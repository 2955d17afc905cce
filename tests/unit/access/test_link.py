"""What a session must show as a proof."""

import pytest

from bot.access.link import CODE_LENGTH, LETTERS, LONGEST_NAME, digest_of, shown_name
from bot.access.policy import can_be_linked
from bot.servers.server import Role
from tests.builders import a_role
from tests.hostile import NAMES

CODE = LETTERS[:CODE_LENGTH]


@pytest.mark.parametrize("who", ["alice@example.edu", "o'brien@example.edu", "x" * 99, *NAMES])
def test_it_fits_into_an_application_name_says_for_whom_it_is_and_breaks_no_statement(who: str) -> None:
    name = shown_name(who, CODE)
    assert len(name.encode()) <= LONGEST_NAME
    assert name.isascii()
    assert name.isprintable()
    assert not set(name) & set("'\"\\;`<>&$")
    assert name.startswith("connbot-link ")
    assert name.endswith(f" {CODE}")
    assert len(name.split(" ")) == 3


def test_it_shows_an_address_whole() -> None:
    assert shown_name("alice.liddell@example.edu", CODE) == f"connbot-link alice.liddell@example.edu {CODE}"


def test_what_is_stored_proves_the_whole_name() -> None:
    names = [shown_name("alice@example.edu", CODE), shown_name("mallory@example.edu", CODE), CODE]
    assert len({digest_of(name) for name in names}) == 3
    assert all(len(digest_of(name)) == 64 for name in (*names, *NAMES))


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (a_role(), True),
        (a_role(student=False), False),
        (a_role(service=True), False),
        (a_role(can_login=False), False),
    ],
)
def test_only_a_students_role_may_have_an_owner(role: Role, may: bool) -> None:  # noqa: FBT001 - a case of the table
    assert can_be_linked(role) is may
