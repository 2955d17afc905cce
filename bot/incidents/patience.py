"""How long things may last before the bot speaks by itself; all processes on one own database have the same."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits of incidents and consent."""

    free_for: timedelta = timedelta(minutes=1)
    """So long must what was full have room before its incident is over by itself."""
    staff_after: timedelta = timedelta(minutes=5)
    """Without a human's answer so long, staff are told."""
    look_every: timedelta = timedelta(seconds=5)
    """Between two looks at what is open."""
    consent_waits: timedelta = timedelta(minutes=15)
    """So long have a role's owners to answer."""
    proof_waits: timedelta = timedelta(minutes=10)
    """So long is a proof of possession looked for."""


USUAL = Patience()
