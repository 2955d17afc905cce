"""How full it is, in words: the limit that bites, and how many more get in."""

from bot.servers.capacity import Capacity, Limit, LimitKind
from bot.slack.blocks.text import Quote, join, plural

_UNSURE = {(False, False): "", (True, False): "at least ", (False, True): "at most ", (True, True): "about "}
"""What stands before a count that may be too low, and one that may be too high."""
_LOGINS = "logins in progress may hold further slots that no view shows"
_HELPERS = "helper processes of the server, which take no slot and cannot be told apart here, may be among them"
_WHY_UNSURE = {
    (True, False): _LOGINS,
    (False, True): _HELPERS,
    (True, True): f"{_LOGINS}, and {_HELPERS}",
}

_LAST_SLOT = "With one slot left, a program that opens two connections at once may be refused both: then try once more."


def used(capacity: Capacity) -> str:
    """Return `5 of 5 connections`, `at least 4 of 5 connections`, `7 connections`, `nobody is connected (0 of 5)`."""
    role = capacity.role
    limited = role.limit is not None and not capacity.role_exempt
    if role.used == 0:
        of = f" ({_surely(role)}0 of {role.limit:,})" if limited else ""
        return f"nobody is connected{of}"
    if limited:
        return f"{_surely(role)}{role.used:,} of {role.limit:,} connections"
    return _surely(role) + plural(role.used, "connection")


def filled(limit: Limit) -> str:
    """Return `5 of 5 connections are in use`, `at least 96 of 97 slots are in use`; a limit that is none has no such words."""
    unit = "slots" if limit.kind is LimitKind.SERVER else "connections"
    return f"{_surely(limit)}{limit.used:,} of {limit.limit:,} {unit} are in use"


def one_left(limit: Limit) -> list[str]:
    """Say what two logins at once do to the last free slot of this limit."""
    return [_LAST_SLOT] if limit.left == 1 else []


def room(capacity: Capacity, quote: Quote) -> str:
    """Say who else gets in: the limit that bites by name, else how many more can connect."""
    biting = capacity.biting()
    if biting is not None:
        return _bites(biting, capacity, quote)
    role_left = None if capacity.role_exempt else capacity.role.left
    server_left = capacity.server.left
    if role_left is None:
        kind = "a superuser, held by the server's limit alone" if capacity.role_exempt else "it has no limit of its own"
        most = _left(capacity.server)
        return kind if server_left is None else f"{kind}; the server has {most}{plural(server_left, 'slot')} left"
    if server_left is None or role_left < server_left:
        return _more(role_left, capacity.role)
    few = _more(server_left, capacity.role, capacity.server)
    return few if role_left == server_left else f"{few}: the server has no further slot"


def remarks(capacity: Capacity, quote: Quote) -> list[str]:
    """Say what else a person should know of the limits: further ones that are full, and what `at least` means."""
    biting = capacity.biting()
    limits = [] if capacity.role_exempt else [capacity.role, *capacity.databases]
    full = [limit for limit in (*limits, capacity.server) if limit.full and limit is not biting]
    found = [f"Full too: {join([_named(limit, quote) for limit in full])}."] if full else []
    server = capacity.server
    if server.must_end and server.must_end > 1:
        found.append(
            f"The server has {_surely(server)}{server.used:,} connections for {server.limit:,} ordinary slots, because some came in through "
            f"reserved ones and count too: {_surely(server)}{server.must_end:,} must end before a student gets in."
        )
    found += last_slot(capacity)
    shown = [capacity.role, *full, *([biting] if biting else [])]
    explained = {
        _surely(limit).strip(): _WHY_UNSURE[limit.at_least, limit.at_most] for limit in shown if _surely(limit)
    }
    return found + [f"\u201c{words.capitalize()}\u201d: {why}." for words, why in explained.items()]


def last_slot(capacity: Capacity) -> list[str]:
    """Say what two logins at once do to the last free slot: the server counts both, and may refuse both."""
    if capacity.biting() is not None:
        return []
    limits = [capacity.server] if capacity.role_exempt else [capacity.role, *capacity.databases, capacity.server]
    if all(limit.left != 1 for limit in limits):
        return []
    return [_LAST_SLOT]


def too_few(capacity: Capacity, ending: int, quote: Quote) -> list[str]:
    """Say it where the end of so many connections of the role lets nobody in yet, and how many it takes."""
    limits = [capacity.server] if capacity.role_exempt else [capacity.role, capacity.server]
    return [
        f"\u26a0\ufe0f That lets nobody in yet: {_named(limit, quote)} takes one more only when "
        f"{_surely(limit)}{limit.must_end:,} have ended."
        for limit in limits
        if limit.must_end and limit.must_end > ending
    ]


def _surely(*limits: Limit) -> str:
    """What stands before a count of slots used, from all it is made of."""
    return _UNSURE[any(limit.at_least for limit in limits), any(limit.at_most for limit in limits)]


def _left(*limits: Limit) -> str:
    """What stands before a count of slots left."""
    return _UNSURE[any(limit.at_most for limit in limits), any(limit.at_least for limit in limits)]


def _more(left: int, *limits: Limit) -> str:
    most = _left(*limits)
    return f"{most}one more can connect" if left == 1 else f"{most}{left:,} more can connect"


def _bites(limit: Limit, capacity: Capacity, quote: Quote) -> str:
    role = quote(capacity.role.name)
    if limit.at_most and limit.limit:
        return f"{_named(limit, quote)} may be full"
    if limit.kind is LimitKind.SERVER:
        return f"{_named(limit, quote)} is full: nobody can connect{_until(limit)}"
    if limit.kind is LimitKind.DATABASE:
        if limit.limit == 0:
            return f"database {quote(limit.name)} has a limit of 0: {role} cannot connect to it"
        return f"{_named(limit, quote)} is full: {role} cannot open another there{_until(limit)}"
    if limit.limit == 0:
        return f"its limit is 0: {role} cannot connect at all"
    return f"{role} cannot open another{_until(limit)}"


def _until(limit: Limit) -> str:
    """Return ` until 3 of them have ended` where the end of one would not do."""
    return (
        f" until {_surely(limit)}{limit.must_end:,} of them have ended" if limit.must_end and limit.must_end > 1 else ""
    )


def _named(limit: Limit, quote: Quote) -> str:
    """Return `database shop (20 of 20)`, `the server class (at least 97 of 97 slots)`."""
    if limit.kind is LimitKind.SERVER:
        return f"the server {quote(limit.name)} ({_surely(limit)}{limit.used:,} of {limit.limit:,} slots)"
    return f"{limit.kind} {quote(limit.name)} ({_surely(limit)}{limit.used:,} of {limit.limit:,})"
