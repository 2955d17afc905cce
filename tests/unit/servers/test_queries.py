import re

import pytest

from bot.servers import classdb, queries, samples, signals

STATEMENTS = {
    name: text
    for name, text in {**vars(queries), **vars(samples), **vars(signals)}.items()
    if name.isupper() and isinstance(text, str) and not name.startswith("_")
}
CLASSDB = {
    "read": queries.read(classdb.LISTED),
    "present": signals.present(classdb.LISTED),
    "terminate": signals.terminate(classdb.MEANS, classdb.LISTED),
    "cancel": signals.cancel(classdb.MEANS, classdb.LISTED),
}


@pytest.mark.parametrize("name", [*STATEMENTS, *CLASSDB])
def test_what_people_typed_is_never_selected(name: str) -> None:
    statement = {**STATEMENTS, **CLASSDB}[name]
    assert not re.search(r"\bquery\b", statement)
    assert not re.search(r"\*\s+FROM\s+pg_stat", statement)


def test_one_statement_signals_others_and_one_a_former_session_of_our_own() -> None:
    ending = [name for name, text in STATEMENTS.items() if "pg_terminate_backend" in text]
    assert ending == ["END_FORMER", "TERMINATE"]
    assert "own.rolname = session_user" in STATEMENTS["END_FORMER"]
    assert [name for name, text in STATEMENTS.items() if "pg_cancel_backend" in text] == ["CANCEL"]
    assert [name for name, text in CLASSDB.items() if "killConnection" in text] == ["terminate"]
