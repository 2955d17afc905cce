import re

import pytest

from bot.servers import queries, signals

STATEMENTS = {
    name: text
    for name, text in {**vars(queries), **vars(signals)}.items()
    if name.isupper() and isinstance(text, str) and not name.startswith("_")
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_people_typed_is_never_selected(name: str) -> None:
    statement = STATEMENTS[name]
    assert not re.search(r"\bquery\b", statement)
    assert not re.search(r"\*\s+FROM\s+pg_stat", statement)


def test_one_statement_signals() -> None:
    assert [name for name, text in STATEMENTS.items() if "pg_terminate_backend" in text] == ["TERMINATE"]
    assert [name for name, text in STATEMENTS.items() if "pg_cancel_backend" in text] == ["CANCEL"]
