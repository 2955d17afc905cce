from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Dialect, make_url

from bot.storage.columns import AwareTime, Words, storable

SQLITE = make_url("sqlite://").get_dialect()()
POSTGRESQL = make_url("postgresql+psycopg://").get_dialect()()
MOMENT = datetime(2026, 11, 22, 6, 7, 8, 123456, tzinfo=UTC)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_a_naive_time_is_refused(dialect: Dialect) -> None:
    with pytest.raises(ValueError, match="naive"):
        AwareTime().process_bind_param(MOMENT.replace(tzinfo=None), dialect)


def test_a_time_of_another_zone_is_kept_as_the_same_moment() -> None:
    abroad = MOMENT.astimezone(timezone(timedelta(hours=-5)))
    assert AwareTime().process_bind_param(abroad, SQLITE) == MOMENT.replace(tzinfo=None)
    back = AwareTime().process_result_value(abroad, POSTGRESQL)
    assert back == MOMENT
    assert back.tzinfo is UTC


def test_no_time_stays_none() -> None:
    assert AwareTime().process_bind_param(None, SQLITE) is None
    assert AwareTime().process_result_value(None, SQLITE) is None


def test_text_that_no_database_takes_becomes_storable_and_all_other_text_stays() -> None:
    assert storable("a\x00b\ud83dc") == "a\ufffdb\ufffdc"
    hostile = "<!channel> 'x'); DROP TABLE members;-- \u202e \U0001f4a9 \n"
    assert Words().process_bind_param(hostile, SQLITE) == hostile
