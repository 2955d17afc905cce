"""Every lack has its sentence, and names are data."""

import pytest

from bot.servers.rights import Cost, Missing, MissingKind
from bot.slack.blocks.lacking import sentence


@pytest.mark.parametrize("kind", MissingKind)
def test_every_lack_has_a_sentence_that_names_the_server(kind: MissingKind) -> None:
    said = sentence("class", Missing(kind, Cost.EVERYTHING, "connbot"))

    assert said.startswith("On server class, ")
    assert said.endswith((".", ";"))


def test_the_mend_quotes_a_role_as_postgresql_reads_it() -> None:
    said = sentence("class", Missing(MissingKind.SIGNAL_BACKEND, Cost.TERMINATING, 'od"d'))

    assert 'GRANT pg_signal_backend TO "od""d";' in said
