"""Judges clocks: how far others are from this machine's."""

from collections.abc import Mapping
from datetime import timedelta

from bot.doctor.finding import Finding, Section, fault, fine, note, warning
from bot.slack.blocks.text import duration, join

TOLERATED = timedelta(seconds=2)
HARMFUL = timedelta(seconds=60)
SIGNATURES_LIVE = timedelta(minutes=5)
MINE = "timedatectl set-ntp true"


def judge(offsets: Mapping[str, timedelta], *, over_http: bool) -> Section:
    """Say how far the clocks of those named (as in a sentence) are ahead of ours; `over_http`: Slack signs its requests."""
    if not offsets:
        return Section("Clocks", (note("No other clock could be asked, so this machine's was not compared."),))
    far = {whose: off for whose, off in offsets.items() if abs(off) > TOLERATED}
    agreeing = [whose for whose in offsets if whose not in far]
    findings = [_far(whose, off, over_http=over_http, mine=not agreeing) for whose, off in far.items()]
    if agreeing:
        verb = "agrees" if len(agreeing) == 1 else "agree"
        seconds = int(TOLERATED.total_seconds())
        findings.insert(0, fine(f"{_first(join(agreeing))} {verb} with this machine's clock to {seconds} s."))
    return Section("Clocks", tuple(findings))


def _far(whose: str, off: timedelta, *, over_http: bool, mine: bool) -> Finding:
    side = "ahead of" if off > timedelta() else "behind"
    what = f"{_first(whose)} is {duration(abs(off))} {side} this machine's clock."
    depends = "Rights that end (--until) end by this machine's clock; ages and times shown are by the server's."
    if whose == SLACK:
        depends = "Rights that end (--until) end by this machine's clock."
        if over_http and abs(off) > SIGNATURES_LIVE:
            depends = "Slack's signatures are good for 5 minutes, so each of its requests is refused now."
    who = "It is likely this machine's that is wrong; let" if mine else "Let the one that is wrong"
    mend = f"{depends} {who} {'it ' if mine else ''}be set over the network, on that machine:"
    return (fault if abs(off) > HARMFUL else warning)(what, mend, MINE)


SLACK = "Slack's clock"


def of_server(name: str) -> str:
    """Name a server's clock."""
    return f"the clock of server {name}"


def _first(words: str) -> str:
    return words[0].upper() + words[1:]
