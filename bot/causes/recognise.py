"""Text to cause: what somebody's error message says of a connection that failed.

The rule where a text holds several: what a program printed counts before what is retold; then the most telling cause and kind, in the
order of `Cause` and `Kind` (a limit that was met, then a pool of one's own program, then what the server answered, then the network);
then what tells more names; then the last, which is the latest attempt. Text decides, never a code: one SQLSTATE fits four causes.
"""

from bot.causes.addresses import Address, mentioned, of_socket, port_of
from bot.causes.evidence import CONFIDENCE, Weight, prefix_of, surroundings, weigh
from bot.causes.finding import NOTHING, Cause, Finding, Kind
from bot.causes.matching import Hit, hits
from bot.causes.reading import read
from bot.causes.wordings import Table, table

LONGEST = 200_000
"""Characters of a text that are looked at; a message of Slack's has 40,000 at most."""

_CAUSES = {cause: rank for rank, cause in enumerate(Cause)}
_KINDS = {kind: rank for rank, kind in enumerate(Kind)}


def recognise(text: str, wordings: Table | None = None) -> Finding:
    """Say what `text` reports; `wordings` is the table to look in, the program's own by default."""
    known = wordings or table()
    reading = read(text[:LONGEST])
    sentences = known.ascii_sentences if reading.form.isascii() else known.sentences
    found = list(hits(reading, sentences))
    if not found:
        return NOTHING
    around = surroundings(reading, known, tuple(hits(reading, known.prefixes)))
    weighed = [(hit, weight) for hit in found if (weight := weigh(hit, around)) is not None]
    if not weighed:
        return NOTHING
    hit, weight = max(weighed, key=_telling)
    return _finding(hit, weight, _address(hit, around.prefixes), mentioned(reading.text))


def _telling(weighed: tuple[Hit, Weight]) -> tuple[bool, int, int, int, int]:
    hit, weight = weighed
    means = hit.wording.means
    cause, kind = (Cause.OTHER, _KINDS[means]) if isinstance(means, Kind) else (Cause(means), 0)
    return weight > Weight.RETOLD, -_CAUSES[cause], -kind, len(hit.told), hit.start


def _address(hit: Hit, prefixes: tuple[Hit, ...]) -> Address:
    """Return the server as the client's own sentence names it."""
    prefix = prefix_of(hit, prefixes)
    told = dict((prefix or hit).told)
    if "socket" in told:
        return of_socket(told["socket"])
    return Address("".join(told.get("host", "").split()) or None, port_of(told.get("port", "")))


def _finding(hit: Hit, weight: Weight, server: Address, elsewhere: Address) -> Finding:
    told = dict(hit.told)
    means = hit.wording.means
    host = server.host or told.get("host") or elsewhere.host
    port = server.port or port_of(told.get("port", "")) or (elsewhere.port if not server.host else None)
    return Finding(
        cause=Cause.OTHER if isinstance(means, Kind) else Cause(means),
        kind=means if isinstance(means, Kind) else None,
        role=told.get("role") or elsewhere.role,
        database=told.get("database") or elsewhere.database,
        host=host,
        port=port,
        confidence=CONFIDENCE[weight],
    )
