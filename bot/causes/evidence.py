"""Whether a sentence that was found is reported, or only spoken of: what stands around it, and what rules it out."""

import re
from dataclasses import dataclass
from enum import IntEnum

from bot.causes.finding import Cause
from bot.causes.matching import Hit
from bot.causes.reading import Reading
from bot.causes.wordings import Needs, Table, Wording

NEAR = 400
"""Characters of the comparable form between a client's prefix and the server's words that belong to it."""
_LINE = 160


class Weight(IntEnum):
    """How well a sentence is attested."""

    RETOLD = 1
    BARE = 2
    PRINTED = 3


CONFIDENCE = {Weight.RETOLD: 0.6, Weight.BARE: 0.9, Weight.PRINTED: 0.99}

# How drivers begin a line whose severity they left out: an exception's name, a SQLSTATE, a field. In comparable form.
_DRIVER = re.compile(
    r"(?:(?:error|exception|connectionbad|failure)\)?:?|pq:|\b[0-9][0-9a-z]{4}:|\bxx000:|(?:fatal|panic)[0-9a-z]{5}\(\w{3,40}\)"
    r'|"m":|"?(?:message|msg|err|error)"?[:=]|failed:|sqlstate\[\w{5}\]\[\d+\]|err:)"?$'
)
_OF_STATEMENTS = re.compile(r"(?:undefinedobject\w*|programmingerror|syntaxerror\w*|invalidcatalog\w*notice)\)?:?$")
_STATEMENT_AS_PRINTED = re.compile(r"\bERROR\b[^\n]{0,30}$")
_STATE = re.compile(r"(?<![0-9A-Za-z])(?:53300|28P01|28000|3D000|57P0[1-5]|25P0[34]|08P01|08006|08001)(?![0-9A-Za-z])")
_ABOUT = re.compile(
    r"postgres|\bpsql\b|pgadmin|psycopg|pgbouncer|npgsql|libpq|asyncpg|\bpg::|\bpgx|\bpq:|\bpg-pool|pg8000|dbeaver|datagrip"
    r"|sqlalchemy|\bpg_|\bpg\b|pgpool|supabase|rds\.amazonaws|(?::`?|, ?|port\W{0,3})(?:543[0-9]|6432|6543)\b|failed to connect to `?(?:user|host)=",
    re.IGNORECASE,
)
_ANOTHER_PROGRAM = re.compile(
    r"mysql|mariadb|redis|mongo|\bssh\b|\bcurl\b|rabbit|kafka|elastic|smtp|https?://|docker(?:\.sock| daemon)|\bgit@"
    r"|:(?:22|25|80|443|3000|3306|5672|6379|8000|8080|9200|27017)\b",
    re.IGNORECASE,
)
# The sentence stands in somebody's program, or is looked for in one.
_CODE_BEFORE = re.compile(
    r"(?:==|!=|=~|\bin\b|\bif\b|\belif\b|\bwhen\b|\bcase\b|\breturn\b|\braise\b.*|\bthrow new\b.*|\bnew \w*Error\(|\b\w+ = |:= "
    r"|(?:includes|contains|match(?:es)?|search|compile|raises|startswith|endswith|indexOf|find|errmsg|errors\.New|print\w*|log\w*\.\w+"
    r"|puts|echo|assert\w*|expect|toThrow|toContain|Equal\w*|strstr|stristr|strpos|console\.\w+)\s*\(.*"
    r"|\b(?:grep|rg|ag|assert|LIKE|ILIKE|msgid|msgstr|echo|match)\b.*)\s*[rfbuRFBU$@]{0,2}[\"'`/(%\u201c\u2018]{1,2}(?:[A-Za-z]{2,10}: {1,2}){0,2}$"
)
_CODE_AFTER = re.compile(
    r"^[.%]{0,2}[\"'`/\u201d\u2019]\s*(?:(?:not )?in (?:str|repr|e|ex|exc|err|error|msg|message|text|line|out|output|stderr|[\w.]+[.(\[:])|\)\s*(?:[:{;]|=>|\))|,\s*\w+\))"
)
_PLACEHOLDER = re.compile(
    r"%(?:\d\$)?[a-z]|[$#]?\{[^{}]*\}|\$\w{1,20}|\.\.\.|\u2026|<[A-Za-z_ -]{1,30}>|:\w{1,20}|\?|\[[a-z_ ]{1,20}\]|x{2,}|X{2,}|_{2,}"
)
_SURELY_PLACEHOLDER = re.compile(
    r"%(?:\d\$)?[a-z]|<(?:your[ _-]?)?(?:role|user|username|name|rolename|role[ _-]name|user[ _-]name|db|database|dbname|database[ _-]name)>",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\s{0,3}\\?[\"'\u201c\u2018\u00ab\u00bb](.{1,40}?)\\?[\"'\u201d\u2019\u00ab\u00bb]")
"""A name behind a sentence that is known without one too."""
_NUMBERED = re.compile(
    r"(?:^|\n)\W{0,3}(?:question|exercise|problem|task|aufgabe|\u00fcbung|pregunta|ejercicio|exercice|esercizio|quest\u00e3o|exerc\u00edcio"
    r"|\u0437\u0430\u0434\u0430\u043d\u0438\u0435|\u0432\u043e\u043f\u0440\u043e\u0441) ?\d{1,2} ?[.:)(](?=\s|\d| ?points)"
    r"|(?:^|\n)\s*q ?\d{1,2}[.:)]\s|\u7b2c ?\d{1,2} ?\u9898|\u95ee\u9898 ?\d",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?|\b(?:explain|describe|why|what|which|how|name|define|compare|difference|means?|bedeutet|erkl|explique|expliquez|spiega|qu\u00e9|was|warum|\u043e\u0431\u044a\u044f\u0441\u043d\u0438)",
    re.IGNORECASE,
)
_EXERCISE = re.compile(
    r"\(\d{1,2} ?(?:points?|pts|marks|punkte|puntos)\)|(?:^|[.:?!)]\s)\s*(?:explain|describe) |\btrue or false|\bmultiple choice"
    r"|\b(?:for|on) the (?:exam|quiz|midterm|final)\b|\u8003\u8bd5|\u4f5c\u4e1a\u9898",
    re.IGNORECASE,
)
_IN_GENERAL = re.compile(
    r"\bthe (?:docs|documentation|manual|slides|lecture|textbook|book|article|blog) (?:says?|states?|mentions?|explains?)"
    r"|\b(?:from|in) the (?:docs|documentation|manual|slides|lecture|textbook|book)\b"
    r"|\bif (?:you|we|they|someone|a student) (?:ever )?(?:get|see|receive) (?:the |an )?(?:error|message|fatal|[\"'`\u201c\u2018])"
    r"|\byou (?:will|may|might|would|could) (?:then )?(?:get|see|receive)"
    r"|\b(?:would|will) (?:the server|postgres\w*|it) (?:say|print|answer|return|raise)|\bwhat (?:would|will) happen|\b(?:is|was) raised when"
    r"|\b(?:is shown|is printed|means) (?:when|if|that)\b|\bexample of an? error|\bdifference between\b"
    r"|\b(?:last|next) (?:year|semester|term)",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\b(?:i|we)(?:['\u2019](?:m|re|ve))?(?: am| are| have)?(?: now| just| still| always| keep| suddenly| also| all| both)?"
    r" (?:get|getting|got|see|seeing|stuck|locked|can['\u2019]?t|cannot|could not|couldn['\u2019]?t)\b|\bhelp(?: me| please|!)"
    r"|can(?:not|['\u2019]t| not) (?:connect|log|get)|locked out|anyone else|anybody else|how (?:do|can|to) (?:i )?(?:fix|solve)|same here"
    r"|\b(?:my|our) (?:connections?|code|program|script|app|notebook|query|homework|assignment|group|team|login|psql|database)\b|\bwhen (?:i|we)\b",
    re.IGNORECASE,
)
_TECHNICAL = frozenset({Cause.POOLER_LIMIT, Cause.CLIENT_POOL, Cause.RESERVED_SLOTS})
"""What nobody says who speaks of something else."""
_LEAVES_OFF = frozenset("=\n\r.,;:!?)]}>|\u3002\uff0c\u2014\u2013-/\\<(\u2026")
_MARKS = " \t\u00a0`*_~\"'\u201c\u201d\u2018\u2019\u00bb\u00ab"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a text says beside its sentences: worked out once for all of them."""

    reading: Reading
    table: Table
    prefixes: tuple[Hit, ...]
    coded: bool
    about: bool
    exercise: bool
    """A question of a homework or an exam, and nobody says to be in trouble."""
    in_general: bool
    """Talk of what is printed when, and nobody says to be in trouble."""
    trouble: bool
    """Somebody says to be in trouble."""


def surroundings(reading: Reading, table: Table, prefixes: tuple[Hit, ...]) -> Surroundings:
    """Look at a text once."""
    text = reading.text
    trouble = _TROUBLE.search(text) is not None
    return Surroundings(
        reading,
        table,
        prefixes,
        coded=_STATE.search(text) is not None,
        about=bool(prefixes) or _ABOUT.search(text) is not None,
        exercise=not trouble and _is_exercise(text),
        in_general=not trouble and _IN_GENERAL.search(text) is not None,
        trouble=trouble,
    )


def _is_exercise(text: str) -> bool:
    return _EXERCISE.search(text) is not None or (_NUMBERED.search(text) is not None and _ASKS.search(text) is not None)


def weigh(hit: Hit, around: Surroundings) -> Weight | None:
    """Say how well a sentence is attested; None: it is spoken of, or another program's."""
    if around.exercise:
        return None
    prefixed = prefix_of(hit, around.prefixes) is not None
    driver, fatal, statement = _said(hit, around)
    printed = prefixed or fatal or driver or statement
    if not _meets_its_needs(hit.wording, around, prefixed=prefixed, ended=fatal or driver, printed=printed):
        return None
    if hit.wording.needs is Needs.FATAL and statement and not prefixed:
        return None
    if not prefixed and _spoken_of(hit, around, _SURELY_PLACEHOLDER if fatal or driver else _PLACEHOLDER):
        return None
    if hit.wording.needs is Needs.POSTGRES and not prefixed and _ANOTHER_PROGRAM.search(_line(hit, around.reading)):
        return None
    if printed or around.coded:
        return Weight.PRINTED
    words = hit.wording
    if words.slots or words.means in _TECHNICAL or words.needs is Needs.POSTGRES or _stands_alone(hit, around.reading):
        return Weight.BARE
    return Weight.RETOLD if around.about or around.trouble else None


def prefix_of(hit: Hit, prefixes: tuple[Hit, ...]) -> Hit | None:
    """Return the client's sentence that names the server of this one: the nearest before it, else the first right behind it."""
    before = [one for one in prefixes if one.end <= hit.start and hit.start - one.end <= NEAR]
    if before:
        return max(before, key=lambda one: one.end)
    behind = [one for one in prefixes if one.start >= hit.start and one.start - hit.end <= NEAR]
    return min(behind, key=lambda one: one.start, default=None)


def _said(hit: Hit, around: Surroundings) -> tuple[bool, bool, bool]:
    """Say whether a driver's error, a session's severity or a statement's stands right before the sentence."""
    form, start = around.reading.form, hit.start
    while start and form[start - 1] == '"':
        start -= 1
    before = form[max(0, start - 60) : start]
    fatal = before.endswith(around.table.severities)
    if fatal:
        return False, True, False
    place = around.reading.place(start)
    capital = _STATEMENT_AS_PRINTED.search(around.reading.text[max(0, place - 40) : place]) is not None
    if before.endswith(around.table.statements) and (capital or not before.endswith("error:")):
        return False, False, True
    if _OF_STATEMENTS.search(before):
        return False, False, True
    return _DRIVER.search(form[max(0, hit.start - 60) : hit.start]) is not None, False, False


def _meets_its_needs(wording: Wording, around: Surroundings, *, prefixed: bool, ended: bool, printed: bool) -> bool:
    match wording.needs:
        case Needs.NOTHING:
            return True
        case Needs.FATAL:
            return prefixed or ended or (around.coded and wording.names_something)
        case Needs.SAID:
            return printed
        case Needs.POSTGRES:
            return prefixed or around.about


def _spoken_of(hit: Hit, around: Surroundings, placeholder: re.Pattern[str]) -> bool:
    """Say whether the sentence stands in a program, is a pattern to be filled, or belongs to an exercise."""
    if around.in_general or any(placeholder.fullmatch(text.strip()) for _, text in hit.told):
        return True
    text = around.reading.text
    start, end = around.reading.place(hit.start), around.reading.place(hit.end - 1) + 1
    before = text[max(0, start - _LINE) : start].rpartition("\n")[2]
    after = text[end : end + _LINE].partition("\n")[0]
    quoted = _QUOTED.match(after)
    if quoted is not None and placeholder.fullmatch(quoted[1].strip()):
        return True
    return _CODE_BEFORE.search(before) is not None or _CODE_AFTER.search(after) is not None


def _line(hit: Hit, reading: Reading) -> str:
    start, end = reading.place(hit.start), reading.place(hit.end - 1)
    before = reading.text[max(0, start - _LINE) : start].rpartition("\n")[2]
    return before + reading.text[start : end + _LINE].partition("\n")[0]


def _stands_alone(hit: Hit, reading: Reading) -> bool:
    """Say whether the sentence is a whole one, not a part of somebody's prose."""
    text = reading.text
    before = text[max(0, reading.place(hit.start) - 20) : reading.place(hit.start)].rstrip(_MARKS)
    after = text[reading.place(hit.end - 1) + 1 :][:20].lstrip(_MARKS)
    return (not before or before[-1] in _LEAVES_OFF) and (not after or after[0] in _LEAVES_OFF or after[0].isupper())
