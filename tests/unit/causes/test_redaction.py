"""Secrets in pasted text are cut out, and what is none stays as it was."""

import pytest

from bot.causes.redaction import REMOVED, Redacted, SecretKind, redact
from tests.hostile import NAMES

S = "hUnter2!x"
"""A secret."""
PASSWORDS = [
    f"postgresql://alice:{S}@db.example.edu/class",
    f"<postgres://alice:{S}@db.example.edu:5432/class|postgres://alice:{S}@db.example.edu:5432/class>",
    f"postgresql://alice:p@{S}@db/class",
    f"postgresql://:{S}@db",
    f"host=db user=alice password={S} dbname=class",
    f"host=db password = '{S}' dbname=class",
    f"PGPASSWORD={S} psql -h db",
    f"export PGPASSWORD='{S}'",
    f"jdbc:postgresql://db/class?user=alice&password={S}&ssl=true",
    f"Host=db;Username=alice;Password={S};Database=class",
    f'psycopg.connect(host="db", password="{S}")',
    f'{{"user": "alice", "password": "{S}"}}',
    f"spring.datasource.password={S}",
    f"DB_PASSWORD: {S}",
    f"password: {S}",
    f"Passwort: {S}",
    f"contraseña: {S}",
    f"пароль: {S}",
    f"密码：{S}",
    f"'password' => '{S}',",
    f"ALTER ROLE alice PASSWORD '{S}';",
    f"create user alice with encrypted password '{S}'",
    f"Password for user alice: {S}",
    f"my password is {S} if you need it",
    f'the password is "{S.lower()}"',
    f"localhost:5432:class:alice:{S}",
    f"some words\ndb.example.edu:*:*:alice:{S}\nmore",
    f"#0 index.php(12): PDO->__construct('pgsql:host=db', 'alice', '{S}')",
    f'DriverManager.getConnection(url, "alice", "{S}")',
    "SCRAM-SHA-256$4096:c2FsdHNhbHQ=$c3RvcmVk:c2VydmVy",
]
TOKENS = [
    f"xoxb-{'1234567890'}-abcdefghij",
    f"xapp-1-{'A0123456789'}-abc",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "Authorization: Bearer abcdef0123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "API_KEY=abcdef0123456789",
]
NO_SECRETS = [
    'FATAL:  password authentication failed for user "alice"',
    "fe_sendauth: no password supplied",
    'connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  too many connections for role "alice"',
    "my password is wrong",
    "is the password correct?",
    "password: ",
    "password=",
    "password=****",
    "password: <your password>",
    "password=${PGPASSWORD}",
    'password=os.environ["PGPASSWORD"]',
    '"password": null',
    "Password for user alice: ",
    "postgresql://alice@db.example.edu:5432/class",
    "https://example.edu/a:b/c and me@example.edu",
    "2026-11-22 12:00:01.123 UTC [4711] alice@class FATAL:  sorry, too many clients already",
    "at 10:32:05:123 nothing",
    "compass: north, bypass=yes? trespassing",
    "the token ring; a secret ballot",
    'CREATE TABLE t (password text, "token" uuid)',
]


@pytest.mark.parametrize("text", PASSWORDS)
def test_a_password_is_cut_out_and_the_rest_stays(text: str) -> None:
    found = redact(text)
    assert found.kinds == (SecretKind.PASSWORD,)
    assert S.lower() not in found.text.lower()
    assert "c2VydmVy" not in found.text
    assert REMOVED in found.text
    assert redact(found.text) == Redacted(found.text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (PASSWORDS[0], f"postgresql://alice:{REMOVED}@db.example.edu/class"),
        (PASSWORDS[4], f"host=db user=alice password={REMOVED} dbname=class"),
        (PASSWORDS[8], f"jdbc:postgresql://db/class?user=alice&password={REMOVED}&ssl=true"),
        (PASSWORDS[9], f"Host=db;Username=alice;Password={REMOVED};Database=class"),
    ],
)
def test_what_tells_the_server_and_the_role_stays(text: str, kept: str) -> None:
    assert redact(text).text == kept


@pytest.mark.parametrize("text", TOKENS)
def test_a_token_is_cut_out(text: str) -> None:
    found = redact(text)
    assert REMOVED in found.text
    assert found.kinds
    assert "abcdefghij" not in found.text
    assert "0123456789" not in found.text


def test_a_private_key_is_cut_out() -> None:
    found = redact("see\n-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----\nthanks")
    assert found == Redacted(
        f"see\n-----BEGIN RSA PRIVATE KEY-----{REMOVED}-----END RSA PRIVATE KEY-----\nthanks", (SecretKind.PRIVATE_KEY,)
    )


@pytest.mark.parametrize("text", [*NO_SECRETS, *NAMES])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == Redacted(text)


def test_several_are_all_cut_out_and_each_kind_is_named_once() -> None:
    found = redact("\n".join((*PASSWORDS[:4], *TOKENS[:2])))
    assert found.kinds == (SecretKind.PASSWORD, SecretKind.TOKEN)
    assert S not in found.text


@pytest.mark.parametrize(
    "piece", ["password=", "://", ":@", "PDO(", "a:1:", "eyJ", "-----BEGIN PRIVATE KEY-----", "\"'`", "x" * 50, " is ", "pass_"]
)  # fmt: skip
def test_long_garbage_costs_little(piece: str) -> None:
    """Each secret is looked for in a bounded stretch, so that steps grow with the length alone; quadratic ones would not end in time."""
    long = piece * (100_000 // len(piece))
    assert redact(long).text


@pytest.mark.parametrize("name", ["my_db_password", "COURSE_2026_PGPASSWORD", "a" * 60 + "_secret", "x__token", "_pwd"])
def test_names_may_be_part_of_longer_ones(name: str) -> None:
    assert redact(f"{name}=hunter2!").text == f"{name}=[removed]"
