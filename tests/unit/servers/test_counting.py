import pytest

from bot.servers.capacity import Capacity, Limit, LimitKind
from bot.servers.counting import ServerSlots, database_limit, role_limit, server_limit


@pytest.mark.parametrize(("setting", "limit"), [(-1, None), (0, 0), (5, 5)])
def test_a_role_without_a_setting_has_no_limit(setting: int, limit: int | None) -> None:
    assert role_limit("alice", 3, setting) == Limit(LimitKind.ROLE, "alice", 3, limit)


@pytest.mark.parametrize(("setting", "limit"), [(-1, None), (-2, None), (0, 0), (20, 20)])
def test_a_broken_database_has_no_limit_to_meet(setting: int, limit: int | None) -> None:
    assert database_limit("class", 3, setting) == Limit(LimitKind.DATABASE, "class", 3, limit)


@pytest.mark.parametrize(
    ("slots", "ordinary"),
    [
        (ServerSlots(100), 100),
        (ServerSlots(100, superuser_reserved=3), 97),
        (ServerSlots(100, superuser_reserved=3, reserved=2), 95),
        (ServerSlots(100, superuser_reserved=3, reserved=2, provider_reserved=2), 93),
        (ServerSlots(3, superuser_reserved=3, reserved=2), 0),
    ],
)
def test_reserved_slots_are_not_ordinary_ones(slots: ServerSlots, ordinary: int) -> None:
    assert slots.ordinary == ordinary


@pytest.mark.parametrize(("version", "at_least"), [(140023, True), (170011, True), (180000, False), (180006, False)])
def test_before_18_logins_in_progress_hide_from_the_server_s_count(version: int, *, at_least: bool) -> None:
    limit = server_limit("class", 7, ServerSlots(10, superuser_reserved=3), version)
    assert limit == Limit(LimitKind.SERVER, "class", 7, 7, at_least=at_least)
    assert limit.full


def test_the_limit_that_bites_is_the_role_s_before_the_database_s_before_the_server_s() -> None:
    role, base, server = (
        role_limit("alice", 5, 5),
        database_limit("class", 9, 9),
        server_limit("s", 9, ServerSlots(9), 18),
    )
    free = role_limit("alice", 4, 5)
    assert Capacity(role, (base,), server).biting() == role
    assert Capacity(free, (database_limit("other", 1, -1), base), server).biting() == base
    assert Capacity(free, (), server).biting() == server
    assert Capacity(role, (base,), server, role_exempt=True).biting() == server
    assert Capacity(free, (), server_limit("s", 8, ServerSlots(9), 18)).biting() is None


@pytest.mark.parametrize(
    ("used", "limit", "must_end"), [(4, 5, 0), (5, 5, 1), (7, 5, 3), (0, 0, None), (3, 0, None), (9, None, 0)]
)
def test_as_many_must_end_as_there_are_too_many_and_one_more(
    used: int, limit: int | None, must_end: int | None
) -> None:
    assert Limit(LimitKind.ROLE, "alice", used, limit).must_end == must_end


def test_a_superuser_shares_all_slots() -> None:
    slots = ServerSlots(10, superuser_reserved=3, reserved=2)
    assert server_limit("class", 7, slots, 180000, all_slots=True).left == 3


@pytest.mark.parametrize(
    ("used", "starting", "counted"), [(5, 1, 6), (6, 1, 7), (6, 3, 7), (7, 1, 7), (9, 2, 9), (0, 0, 0)]
)
def test_logins_in_progress_count_as_far_as_there_is_a_slot_for_them(used: int, starting: int, counted: int) -> None:
    slots = ServerSlots(10, superuser_reserved=3)
    assert server_limit("class", used, slots, 180000, starting=starting).used == counted
