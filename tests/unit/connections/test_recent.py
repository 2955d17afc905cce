"""What is made of one read serves all who waited for it."""

from bot.connections.recent import KEPT, Recent


def test_the_same_object_is_worked_on_once_and_an_equal_one_again() -> None:
    seen: list[tuple[int, ...]] = []

    def make(source: tuple[int, ...]) -> int:
        seen.append(source)
        return len(seen)

    recent, one, equal = Recent(make), (1, int("2")), (1, int("2"))

    assert [recent.of(one), recent.of(one), recent.of(equal), recent.of(one)] == [1, 1, 2, 1]


def test_what_is_remembered_is_bounded() -> None:
    recent, sources = Recent(id), [object() for _ in range(KEPT + 5)]
    for source in sources:
        recent.of(source)

    assert len(recent._made) == KEPT
