"""Reasons in words: why a connection looks stray, why it looks in use, what forbids ending it."""

from bot.connections.plan import Refused, WhyNot
from bot.servers.strays import InUse, Reason, ReasonKind, UseKind
from bot.slack.blocks.text import Quote, duration, join

PIDS_SHOWN = 100
"""As many as can be named in one command: whoever names them is answered for each."""


def stray(reasons: tuple[Reason, ...], quote: Quote) -> str:
    """Return why a connection looks stray, as one clause."""
    twin = any(reason.kind is ReasonKind.TWIN for reason in reasons)
    return "; ".join(_reason(reason, quote, twin=twin) for reason in reasons)


def _reason(reason: Reason, quote: Quote, *, twin: bool) -> str:
    client = quote(reason.client) if reason.client else "unnamed"
    lasted = f" for {duration(reason.lasted)}" if reason.lasted is not None else ""
    match reason.kind:
        case ReasonKind.ABORTED:
            return f"its transaction has failed and was left open{lasted}"
        case ReasonKind.IDLE_IN_TRANSACTION:
            return f"its transaction was left open{lasted}"
        case ReasonKind.TWIN:
            return f"one of {reason.count:,} {client} connections from this address, not the newest"
        case ReasonKind.EXTRA_CLIENT:
            known = f"{client} is known to hold extra ones"
            return known if twin else f"{known}, and of its {reason.count:,} this is not the newest"
        case ReasonKind.IDLE_LONG:
            return f"unused{lasted or ' for long'}"
        case ReasonKind.QUIET_LONG:
            return f"no query has begun{lasted or ' for long'}"


def in_use(use: InUse) -> str:
    """Return how a connection looks in use, as one clause."""
    lasted = duration(use.lasted) if use.lasted is not None else None
    match use.kind:
        case UseKind.ACTIVE:
            return "a query is running" + (f" ({lasted} so far)" if lasted else "")
        case UseKind.IN_TRANSACTION:
            return "a transaction is open" + (f" ({lasted} so far)" if lasted else "")
        case UseKind.RECENT:
            return "it did something" + (f" {lasted} ago" if lasted else " a moment ago")


_FORBIDDEN = {
    WhyNot.NO_SUCH: "there is no such connection of {role}: it may have ended by itself",
    WhyNot.NO_SUCH_CLIENT: "the pooler has no such client of {role}: it may have left by itself",
    WhyNot.NOT_CLIENT: "it is a helper process of the server and takes no slot",
    WhyNot.OWN: "it is this bot's own connection",
    WhyNot.SUPERUSER: "{role} is a superuser, whose connections are never ended here",
    WhyNot.REPLICATION: "{role} may replicate the server, and its connections are never ended here",
    WhyNot.SERVICE: "{role} is a service account, whose connections are never ended here",
    WhyNot.NOT_STUDENT: "{role} is no student's role on this server",
    WhyNot.POOLER: "it is a pooler's: to end it frees nothing, and it may carry other people's work",
    WhyNot.UNKNOWN_STATE: "the server does not show the bot what it is doing",
    WhyNot.SHARED: "somebody works in it, and {role} has several owners",
    WhyNot.NOTHING_RUNS: "nothing runs there now, so there is nothing to cancel",
}
_WAY_ON = {
    WhyNot.NOT_CLIENT: "End the connection it works for",
    WhyNot.NOTHING_RUNS: "To end the connection itself, leave out --cancel",
    WhyNot.POOLER: "Close it in the program that uses the pooler",
}


def forbidden(why: WhyNot, role: str, quote: Quote) -> str:
    """Return what forbids ending a connection, as one clause."""
    return _FORBIDDEN[why].format(role=quote(role))


def way_on(whys: frozenset[WhyNot], ask: str | None, quote: Quote) -> list[str]:
    """Return what a person can do instead, one sentence a reason that has one."""
    found = [f"{_WAY_ON[why]}." for why in WhyNot if why in whys and why in _WAY_ON]
    if whys & {WhyNot.SUPERUSER, WhyNot.REPLICATION, WhyNot.SERVICE, WhyNot.NOT_STUDENT}:
        found.append(f"Ask {quote(ask)}." if ask else "Ask whoever runs the server.")
    return found


def refused(refusals: tuple[Refused, ...], role: str, quote: Quote, number: str = "pid") -> list[str]:
    """Return one clause for each reason with the pids it holds for: `pids 1 and 2: …`; in the order asked."""
    by_reason: dict[WhyNot, list[str]] = {}
    for one in refusals:
        by_reason.setdefault(one.why, []).append(str(one.pid))
    return [f"{_pids(pids, number)}: {forbidden(why, role, quote)}" for why, pids in by_reason.items()]


def _pids(pids: list[str], number: str) -> str:
    more = len(pids) - PIDS_SHOWN
    shown = [*pids[:PIDS_SHOWN], f"{more:,} more"] if more > 0 else pids
    return f"{number}{'s' if len(pids) > 1 else ''} {join(shown)}"
