from datetime import UTC

import pytest

from bot.access.member import Right
from bot.slack.blocks import listing, pooled
from bot.slack.commands import CommandNames
from tests.block_rules import faults, strings
from tests.builders import a_backend, a_reading
from tests.hostile import NAMES
from tests.listings import a_listing, an_entry


def test_many_other_roles_from_one_address_are_counted_and_not_named() -> None:
    (said,) = pooled.crowded([a_backend(1, neighbours=18), a_backend(2, neighbours=18)])
    assert said == ("18 other roles come from `10.0.0.5` too: a shared computer, or a pooler that is not configured.")


def test_the_most_crowded_of_several_addresses_is_named() -> None:
    crowds = {"10.0.0.5": 7, "10.0.0.6": 9, None: 6, "10.0.0.7": 4}
    backends = [a_backend(at, client_address=one, neighbours=crowds[one]) for at, one in enumerate(crowds, 1)]
    (said,) = pooled.crowded(backends)
    assert said.startswith("9 other roles come from `10.0.0.6` too, and many from 2 more addresses: ")


def test_the_server_s_own_machine_may_be_the_shared_computer() -> None:
    (said,) = pooled.crowded([a_backend(client_address=None, neighbours=1200)])
    assert said.startswith("1,200 other roles come from the server's own machine too: ")


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(a_backend(neighbours=pooled.MANY_NEIGHBOURS - 1), id="a household"),
        pytest.param(a_backend(neighbours=50, pooler=True), id="a pooler that is configured"),
        pytest.param(a_backend(neighbours=50, backend_type="walsender"), id="no client"),
    ],
)
def test_nothing_is_hinted_at(backend: object) -> None:
    assert pooled.crowded([backend]) == []  # type: ignore[list-item]  # parametrize loses the type


@pytest.mark.parametrize("right", [Right.OWNER, Right.RESPONDER])
def test_the_hint_stands_in_the_listing_and_leaves_the_buttons(right: Right) -> None:
    crowd, alone = (
        listing.render(
            a_listing(an_entry(a_reading(a_backend(neighbours=count)), right)), zone=UTC, names=CommandNames()
        )
        for count in (18, 0)
    )
    assert any("18 other roles come from `10.0.0.5` too" in said for said in strings(crowd))
    assert [block["type"] for block in crowd.blocks] == [block["type"] for block in alone.blocks]
    assert faults(crowd) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_address_is_data(name: str) -> None:
    message = listing.render(
        a_listing(an_entry(a_reading(a_backend(client_address=name, neighbours=9)))),
        zone=UTC,
        names=CommandNames(),
    )
    assert faults(message) == []
