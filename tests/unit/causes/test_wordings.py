from collections import Counter

import pytest

from bot.causes.finding import Cause, Kind
from bot.causes.reading import comparable
from bot.causes.wordings import Mark, Needs, table, wording

ROW = {"means": "role_limit", "language": "en", "needs": "", "words": 'too many for "{role}"', "source": "somewhere"}


def test_each_row_says_where_it_is_printed_and_says_it_once() -> None:
    everything = table().sentences + table().prefixes
    assert len(everything) > 1000
    assert all(one.source and one.language for one in everything)
    repeated = Counter((one.means, comparable(one.words), one.needs) for one in everything)
    assert [words for words, count in repeated.items() if count > 1] == []


def test_each_cause_and_kind_has_rows() -> None:
    spoken = {one.means for one in table().sentences}
    assert spoken == {*Kind, *Cause} - {Cause.OTHER, Cause.NONE}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"words": 'too many for "{user}"'}, "unknown slot user"),
        ({"words": "{role}ab{database}"}, "long enough"),
        ({"words": "too many for {role} {database}"}, "side by side"),
        ({"means": "nonsense"}, "nonsense"),
        ({"needs": "nonsense"}, "nonsense"),
    ],
)
def test_a_row_that_cannot_work_is_refused(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        wording(ROW | change)


def test_a_row_is_read_as_written() -> None:
    one = wording(ROW | {"needs": "fatal", "words": "trop pour « {role} », base « {database} »"})
    assert one.pieces == ('troppour"', '",base"', '"')
    assert one.slots == ("role", "database")
    assert one.padded == (True, True)
    assert one.needs is Needs.FATAL
    assert not isinstance(one.means, Mark)
