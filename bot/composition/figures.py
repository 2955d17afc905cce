"""How full the servers are, over time, and what a week was like."""

from datetime import timedelta

from bot.clock import clock
from bot.composition.parts import Loop, Parts, new_id
from bot.saturation.sampler import Sampler
from bot.saturation.samples import Samples
from bot.slack.listeners.summary import SummaryListener
from bot.slack.week_teller import ChannelTeller
from bot.storage.lease import Lease
from bot.summaries.posted import Posted
from bot.summaries.reading import Weeks
from bot.summaries.summaries import Summaries
from bot.summaries.weekly import Weekly

TELL_EVERY = timedelta(seconds=30)
"""Between two looks whether a week's time has come."""
THIN_EVERY = timedelta(minutes=10)


def summary(parts: Parts) -> SummaryListener:
    """Build what tells of a week when it is asked."""
    zone = parts.course.timezone
    summaries = Summaries(parts.fleet, parts.allow_list, Weeks(parts.database, zone), zone)
    return SummaryListener(summaries, parts.announcer, zone)


def loops(parts: Parts) -> tuple[Loop, ...]:
    """Build what samples the servers and tells of each week."""
    return (*_samples(parts), *_weekly(parts))


def _samples(parts: Parts) -> tuple[Loop, ...]:
    interval = parts.course.samples_every
    samples = Samples(parts.database, parts.course.timezone)
    sampler = Sampler(parts.fleet, samples, Lease(parts.database, new_id()), interval)
    # Where none are taken any more, those of before grow old all the same.
    return (Loop("samples", interval, sampler.turn) if interval else Loop("thinning", THIN_EVERY, sampler.thin),)


def _weekly(parts: Parts) -> tuple[Loop, ...]:
    course = parts.course
    if course.staff_channel is None:
        return ()
    team, zone = parts.slack.workspace.team, course.timezone
    teller = ChannelTeller(parts.posting, team, course.staff_channel, clock, zone)
    when = (course.summary_day, course.summary_hour, zone)
    weekly = Weekly(team, parts.fleet.names, Weeks(parts.database, zone), Posted(parts.database), teller, when)
    return (Loop("summary", TELL_EVERY, weekly.turn),)
