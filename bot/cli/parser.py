"""What can be typed after `connbot`, and where it goes."""

import argparse
import os
import sys
from collections.abc import Sequence

from bot.cli import history, membership, roster, running
from bot.errors import BotError, SetupError
from bot.slack.blocks.refusal import sentence


def parser() -> argparse.ArgumentParser:
    """Build the command line's grammar."""
    top = argparse.ArgumentParser(
        prog="connbot", description="A Slack bot that frees the PostgreSQL connection slots of a database course."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    running.add_to(commands)
    membership.add_to(commands)
    roster.add_to(commands)
    history.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; every failure is one sentence on standard error."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen, os.environ))
    except SetupError as exc:
        for fault in exc.faults:
            print(fault, file=sys.stderr)
        return 1
    except BotError as exc:
        print(sentence(exc), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has read enough; the interpreter's own flush would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
