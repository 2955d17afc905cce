"""Runs one command of the command line."""

import importlib
import os
import sys
from collections.abc import Sequence

from bot.cli.grammar import grammar
from bot.errors import BotError, SetupError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; every failure is one sentence on standard error."""
    chosen = grammar().parse_args(arguments)
    module, function = chosen.run.split(".")
    try:
        # What a command needs takes up to a second to import: only the one that runs pays for it.
        return int(getattr(importlib.import_module(f"bot.cli.{module}"), function)(chosen, os.environ))
    except SetupError as exc:
        print("\n".join(exc.faults), file=sys.stderr)
        return 1
    except BotError as exc:
        from bot.slack.blocks.refusal import sentence  # noqa: PLC0415

        print(sentence(exc), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has read enough; the interpreter's own flush would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
