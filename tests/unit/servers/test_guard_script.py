"""The scripts as text: for which server, what never stands in them, and when there is none."""

import re

import pytest

from bot.errors import SetupError
from bot.servers.guard_script import Place, install, removal
from bot.servers.settings import ServerSettings

HOSTILE = "x\n-- y\r\u2028$connbot$ $connbot1$ 'z' \\! id"


def settings(**changes: object) -> ServerSettings:
    given = {"name": "class", "dsn": "host=db user=connbot password=geheim", "students": ("students",), **changes}
    return ServerSettings(**given)  # type: ignore[arg-type] # of these types


@pytest.mark.parametrize(
    ("version", "has"), [(140023, False), (150019, False), (160015, True), (180006, True), (None, True)]
)
def test_what_a_version_has_not_is_not_granted(version: int | None, has: bool) -> None:  # noqa: FBT001 - a fact
    script = install(settings(), Place("connbot", "postgres", version))
    assert ("'pg_use_reserved_connections']" in script) is has


@pytest.mark.parametrize(("version", "said"), [(160015, "PostgreSQL 16:"), (None, "PostgreSQL 14 and later:")])
def test_it_says_which_server_it_is_for(version: int | None, said: str) -> None:
    assert said in install(settings(), Place("connbot", "postgres", version)).splitlines()[0]


@pytest.mark.parametrize("script", [install, removal])
def test_it_is_one_transaction_and_holds_no_password(script: object) -> None:
    assert callable(script)
    text = script(settings(), Place("connbot", "postgres", 180006))
    code = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    assert (code[0], code[-1]) == ("BEGIN;", "COMMIT;")
    assert "geheim" not in text
    assert "PASSWORD" not in text


@pytest.mark.parametrize("script", [install, removal])
def test_no_name_ends_a_comment_or_a_quotation(script: object) -> None:
    assert callable(script)
    text = script(settings(students=(HOSTILE,), services=(HOSTILE,)), Place(HOSTILE[:40], HOSTILE[:40], None))
    # What is left without comments, quoted names, literals and dollar-quoted text is plain SQL of ours.
    quoted = r"--[^\n\r]*|(\$\w*\$).*?\1|\"(?:[^\"]|\"\")*\"|E'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'"
    left = re.sub(quoted, "", text, flags=re.DOTALL)
    assert "\\" not in left
    assert not set("\r\u2028$'\"") & set(left)
    assert "id" not in left.split()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place("connbot", "postgres", 130023), "14 is the oldest"),
        (Place("", "postgres"), "names the role ''"),
        (Place("connbot", ""), "names the database ''"),
        (Place("x" * 64, "postgres"), "can be none of PostgreSQL's"),
    ],
)
@pytest.mark.parametrize("script", [install, removal])
def test_where_none_can_be_made_it_is_said_why(script: object, place: Place, words: str) -> None:
    assert callable(script)
    with pytest.raises(SetupError) as wrong:
        script(settings(), place)
    assert words in wrong.value.faults[0]
