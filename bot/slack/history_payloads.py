"""What the buttons of a history carry: written here, and read back with no trust in it."""

import json
from datetime import datetime

from bot.incidents.timeline_values import Cursor, Question
from bot.slack.payloads import read_object, read_time, stale, write_time
from bot.slack.words import LONGEST_WORD, unfit

_TEXTS = ("role", "server", "person", "cause")
_TIMES = ("since", "until")


def write_page(question: Question, after: Cursor | None = None) -> str:
    """Return the value of a button that leads to a page."""
    content: dict[str, object] = {name: getattr(question, name) for name in _TEXTS}
    content |= {name: _number(getattr(question, name)) for name in _TIMES}
    after = after or Cursor()
    return json.dumps(content | {"seq": after.seq, "at": _number(after.at), "id": after.id}, ensure_ascii=False)


def read_page(value: object) -> tuple[Question, Cursor]:
    """Read such a value; raises `UsageError`. The right to what it asks for is looked up when it is read."""
    content = read_object(value)
    texts = [content.get(name) for name in (*_TEXTS, "id")]
    numbers = [content.get(name) for name in (*_TIMES, "seq", "at")]
    if not all(text is None or _is_name(text) for text in texts):
        raise stale()
    if not all(number is None or (type(number) is int and 0 <= number < 2**62) for number in numbers):
        raise stale()
    role, server, person, cause, last = (text if isinstance(text, str) else None for text in texts)
    since, until, seq, at = (number if isinstance(number, int) else None for number in numbers)
    question = Question(None, role, server, person, cause, _time(since), _time(until))
    return question, Cursor(seq, _time(at), last)


def _is_name(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= LONGEST_WORD and not unfit(text)


def _number(at: datetime | None) -> int | None:
    return None if at is None else write_time(at)


def _time(number: int | None) -> datetime | None:
    return None if number is None else read_time(number)
