"""What people do on the Home tab."""

from bot.clock import clock
from bot.composition.parts import Parts
from bot.connections.overviewing import Overviews
from bot.incidents.pending import Pending
from bot.slack.listeners.allowing import AllowingListener
from bot.slack.listeners.enrolment import EnrolmentListener
from bot.slack.listeners.home import HomeListener
from bot.slack.register_home import HomeListeners
from bot.slack.uploads import Uploads
from bot.summaries.reading import Weeks
from bot.summaries.summaries import Summaries


def build(parts: Parts) -> HomeListeners:
    """Build it."""
    fleet, client, windows, announcer = parts.fleet, parts.slack.client, parts.windows, parts.announcer
    names, zone, allow_list = parts.course.commands, parts.course.timezone, parts.allow_list
    overviews = Overviews(fleet, parts.listings, parts.incidents, Pending(parts.database), allow_list)
    summaries = Summaries(fleet, allow_list, Weeks(parts.database, zone), zone)
    home = HomeListener(
        overviews, parts.listings, summaries, allow_list, client, windows, announcer, clock, names, zone
    )
    allowing = AllowingListener(fleet.names, allow_list, windows, announcer, zone)
    uploads = Uploads(client, parts.slack.session, client.token or "")
    enrolment = EnrolmentListener(fleet, parts.ownership, allow_list, uploads, client, windows, announcer, names)
    return HomeListeners(home, allowing, enrolment)
