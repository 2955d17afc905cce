"""Runs one command of the command line."""

import codecs
import importlib
import io
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence

from bot.cli.grammar import grammar
from bot.errors import BotError, OwnDatabaseUnavailable, ServerUnavailable, SetupError


def main(arguments: Sequence[str] | None = None, variables: Mapping[str, str] = os.environ) -> int:
    """Run one command and return its exit status; every failure is one sentence on standard error."""
    chosen = grammar().parse_args(arguments)
    _spell_what_cannot_be_printed()
    # What went wrong is told below, once; only `serve` keeps a log.
    logging.getLogger().addHandler(logging.NullHandler())
    module, function = chosen.run.split(".")
    try:
        # What a command needs takes up to a second to import: only the one that runs pays for it.
        return int(getattr(importlib.import_module(f"bot.cli.{module}"), function)(chosen, variables))
    except SetupError as exc:
        print("\n".join(exc.faults), file=sys.stderr)
        return 1
    except OwnDatabaseUnavailable as exc:
        mend = (
            "its server has no room for another: end one there and start again, or name a file or another server in "
            "CONNBOT_DATABASE_URL"
            if exc.full
            else "look at CONNBOT_DATABASE_URL"
        )
        said = f"The bot's own database cannot be used ({exc.detail}): {mend}. Nothing was changed."
        print(said, file=sys.stderr)
        return 1
    except BotError as exc:
        from bot.slack.blocks.refusal import sentence  # noqa: PLC0415

        detail = f" ({exc.detail})" if isinstance(exc, ServerUnavailable) and exc.detail else ""
        print(sentence(exc) + detail, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has read enough; the interpreter's own flush would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _spell_what_cannot_be_printed() -> None:
    """Let standard output spell what its encoding has no sign for as JSON does, so that JSON stays JSON."""
    codecs.register_error("spelled", _spelled)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="spelled")


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
