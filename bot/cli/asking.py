"""Asking whoever is at the terminal."""

import sys


def agreed(question: str) -> bool:
    """Ask where a person is there to answer; a script has said what it wants by calling us."""
    if not sys.stdin.isatty():
        return True
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False
