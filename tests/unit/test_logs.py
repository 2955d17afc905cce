"""Log lines: fields behind the message, nothing that looks like a secret."""

import io
import logging

from bot import logs


def test_fields_are_written_and_secrets_are_not() -> None:
    stream = io.StringIO()
    before = logging.root.handlers[:]
    try:
        logs.configure(stream)
        logging.getLogger("bot.x").info(
            "xoxb-1-2 postgresql://u:pw@h/d password=pw", extra={"action": "serve", "server": "class"}
        )
    finally:
        logging.root.handlers[:] = before

    line = stream.getvalue()
    assert line.endswith("action=serve server=class\n")
    assert "xoxb" not in line
    assert "pw" not in line
