"""`connbot diagnose`: what an error text means and what to do, as `/connbot diagnose` says it."""

import argparse
import json
import sys
from collections.abc import Mapping

from bot.causes.recognise import LONGEST, recognise
from bot.diagnosis.advice import for_text
from bot.slack.blocks.diagnosis import sentences
from bot.slack.blocks.text import plain
from bot.slack.commands import CommandNames


def diagnose(chosen: argparse.Namespace, _: Mapping[str, str]) -> int:
    """Explain the text given, or standard input."""
    text = " ".join(chosen.text) if chosen.text else _standard_input()
    # An argument's bytes that are no text come as what cannot be printed again.
    text = text.encode("utf-8", "replace").decode()
    found = recognise(text)
    if chosen.json:
        print(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        print("\n".join(sentences(found, for_text(text), names=CommandNames(), quote=plain)))
    return 0


def _standard_input() -> str:
    if sys.stdin.isatty():
        print("Paste the error, then press Ctrl-D.", file=sys.stderr)
    return sys.stdin.buffer.read(4 * LONGEST).decode("utf-8", "replace")
