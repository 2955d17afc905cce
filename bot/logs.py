"""Log lines for people and machines: one line each, fields as `name=value`, no tokens, no text of queries."""

import logging
import re
import sys
from typing import TextIO

FIELDS = ("action", "actor", "server", "role", "proposal", "reference", "why", "missing", "detail")
_SECRET = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|xoxe[\w.-]+|(?<=://)[^/@\s:]*:[^@\s]*(?=@)|(?<=password=)\S+")


class Lines(logging.Formatter):
    """Writes the fields that a record carries behind its message, and whatever looks like a secret as `…`."""

    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        line = super().format(record)
        fields = " ".join(f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name))
        first, newline, rest = line.partition("\n")
        return _SECRET.sub("…", f"{first} {fields}".rstrip() + newline + rest)


def configure(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send the program's log to `stream`; libraries speak only of what is wrong."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("bot").setLevel(level)
    # Bolt logs the whole body of a request with a bad signature at INFO, and the token it was not given at WARNING.
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    logging.getLogger("slack_sdk").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
