"""Secrets cut out of pasted text, before anything of it is stored, logged or looked at."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

REMOVED = "[removed]"
"""Stands where a secret stood."""
LONGEST = 1000
"""Characters of one secret that are looked for; what is longer is cut there, and its end stays."""

LONGEST_IN_URL = 256
"""The same in an address, in which an @ may stand anywhere: a text made of their beginnings is looked through that often."""


class SecretKind(StrEnum):
    """What was cut out."""

    PASSWORD = "password"  # noqa: S105 - a kind of secret, none itself
    TOKEN = "token"  # noqa: S105 - a kind of secret, none itself
    PRIVATE_KEY = "private_key"


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without the secrets that stood in it, and what kinds they were; each kind once."""

    text: str
    kinds: tuple[SecretKind, ...] = ()


_NAMES = (
    r"pg_?pass(?:word)?|pass(?:word|wd|phrase|wort)?|pwd|kennwort|passwort|contrase(?:ñ|n)a|clave|mot de passe|senha|"
    r"has(?:ł|l)o|(?:ş|s)ifre|parola|l(?:ö|o)senord|пароль|密码|密碼|パスワード|비밀번호|"
    r"(?:client|api|app|signing|access|auth)?[_-]?(?:secret|token|api[_-]?key|access[_-]?key)"
)
"""How programs and people write that a secret follows, in the languages that the servers speak; what stands before it with `_` may be anything."""
_QUOTED = rf"\"[^\"\n]{{1,{LONGEST}}}\"|'(?:[^'\n]|''){{1,{LONGEST}}}'|`[^`\n]{{1,{LONGEST}}}`|“[^”\n]{{1,{LONGEST}}}”"
# Bare, it ends at a blank, or where the next name=value of a connection string begins.
_BARE = rf"(?!\[removed\])(?:(?![&;][A-Za-z_. ]{{1,40}}=)[^\s\"'`<>]){{1,{LONGEST}}}"
_NO_SECRET = re.compile(
    r"""["'`“]?(?:\*+|•+|x{3,}|\.{3,}|\[removed\]|<[^<>]*>|\$\{?\w+\}?|%\(?\w+\)?s?|\{\w*\}|null|none|nil|undefined|true|false|\?|"""
    r"""(?:os\.environ|process\.env|getenv|System\.getenv|ENV)\b.*)["'`”]?[,;.)]*""",
    re.IGNORECASE,
)
"""What stands for a secret and is none: stars, placeholders, the names of variables."""
_LOOKS_SECRET = re.compile(r"(?=.*[^a-z.,;:!?)])\S{4,}|[\"'`“].+", re.IGNORECASE)

_RULES: tuple[tuple[SecretKind, re.Pattern[str]], ...] = (
    (
        SecretKind.PRIVATE_KEY,
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?P<secret>[^-]{1,20000})(?:-----END [A-Z ]{0,30}KEY-----)?"),
    ),
    # scheme://user:password@host; the last @ before a blank counts, since some passwords hold one unescaped.
    (SecretKind.PASSWORD, re.compile(rf"://[^\s:/@\"'<>|]{{0,200}}:(?P<secret>[^\s\"'<>|]{{1,{LONGEST_IN_URL}}})@(?=[^\s@]|$)")),
    # password = …, "password": "…", PASSWORD '…' of SQL, --password=…
    (
        SecretKind.PASSWORD,
        re.compile(rf"(?<![^\W_])(?:{_NAMES})[\"'`]?[ \t]{{0,20}}(?:=>|:=|[:=：＝])[ \t]{{0,20}}(?P<secret>{_QUOTED}|{_BARE})", re.IGNORECASE),
    ),
    (SecretKind.PASSWORD, re.compile(rf"\b(?:password|identified by)\s{{1,20}}(?P<secret>'(?:[^'\n]|''){{1,{LONGEST}}}')", re.IGNORECASE)),
    # What is typed at psql's prompt and then pasted with it.
    (SecretKind.PASSWORD, re.compile(rf"\bpassword for (?:user )?\S{{1,100}}:[ \t]{{1,20}}(?P<secret>\S{{1,{LONGEST}}})", re.IGNORECASE)),
    # host:port:database:role:password, a line of a password file.
    (SecretKind.PASSWORD, re.compile(rf"(?m)^[ \t>]{{0,20}}(?=[\w.*-]{{0,253}}[A-Za-z*.])[\w.*-]{{1,253}}:(?:\d{{1,5}}|\*):[^:\s]{{1,63}}:[^:\s]{{1,63}}:(?P<secret>\S{{1,{LONGEST}}})$")),
    # Programs that take it as the third thing, and print it in a stack trace.
    (SecretKind.PASSWORD, re.compile(rf"(?:PDO(?:->__construct)?|getConnection|dbConnect)\s?\([^(),\n]{{1,500}},\s{{0,20}}[^(),\n]{{1,200}},\s{{0,20}}(?P<secret>{_QUOTED})")),
    (SecretKind.TOKEN, re.compile(r"\b(?P<secret>(?:xox[abeprs]|xapp|gh[opsur]|github_pat|glpat|sk|pk)[-_][A-Za-z0-9._-]{10,500})")),
    (SecretKind.TOKEN, re.compile(r"\b(?P<secret>AKIA[0-9A-Z]{16}|eyJ[\w-]{10,2000}\.[\w-]{5,4000}(?:\.[\w-]{0,2000})?)")),
    (SecretKind.TOKEN, re.compile(r"\bBearer[ \t]{1,5}(?P<secret>[\w.~+/=-]{8,2000})", re.IGNORECASE)),
    (SecretKind.PASSWORD, re.compile(r"(?P<secret>SCRAM-SHA-256\$\S{20,500}|\bmd5[0-9a-f]{32}\b)")),
)  # fmt: skip
_SAID = re.compile(rf"(?<![^\W_])(?:{_NAMES})[ \t]{{1,5}}(?:is|was|ist|es|est|é|=)[ \t]{{1,5}}(?P<secret>{_QUOTED}|{_BARE})", re.IGNORECASE)  # fmt: skip
"""In a sentence; only what looks like no word is taken for a secret there: “my password is wrong” is none."""


def redact(text: str) -> Redacted:
    """Cut passwords, tokens and keys out of `text`, each where it stands; what was said around them stays."""
    kinds: list[SecretKind] = []
    for kind, pattern, is_secret in _patterns():
        kept: list[str] = []
        at = 0
        for found in pattern.finditer(text):
            if not is_secret(found["secret"]):
                continue
            start, end = found.span("secret")
            kept += (text[at:start], REMOVED)
            at = end
            kinds.append(kind)
        text = "".join((*kept, text[at:]))
    return Redacted(text, tuple(dict.fromkeys(kinds)))


def _patterns() -> Iterator[tuple[SecretKind, re.Pattern[str], Callable[[str], bool]]]:
    for kind, pattern in _RULES:
        yield kind, pattern, _is_secret
    yield SecretKind.PASSWORD, _SAID, lambda said: _is_secret(said) and _LOOKS_SECRET.fullmatch(said) is not None


def _is_secret(said: str) -> bool:
    return _NO_SECRET.fullmatch(said) is None
