import pytest

from bot.causes.refusal import Refusal, RefusalKind, recognise_refusal

PREFIX = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: FATAL:  '


@pytest.mark.parametrize(
    ("words", "kind", "name"),
    [
        ('too many connections for role "alice"', RefusalKind.ROLE_LIMIT, "alice"),
        ('too many connections for role "o"dd "name"', RefusalKind.ROLE_LIMIT, 'o"dd "name'),
        ('too many connections for database "class"', RefusalKind.DATABASE_LIMIT, "class"),
        ("sorry, too many clients already", RefusalKind.SERVER_LIMIT, None),
        (
            "remaining connection slots are reserved for non-replication superuser connections",
            RefusalKind.RESERVED_SLOTS,
            None,
        ),
        (
            "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            RefusalKind.RESERVED_SLOTS,
            None,
        ),
        (
            'remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections" role',
            RefusalKind.RESERVED_SLOTS,
            None,
        ),
        ('password authentication failed for user "connbot"', RefusalKind.OTHER, None),
        ('role "connbot" does not exist', RefusalKind.OTHER, None),
        ("the database system is shutting down", RefusalKind.OTHER, None),
    ],
)
def test_the_server_s_words_tell_what_refused(words: str, kind: RefusalKind, name: str | None) -> None:
    refusal = recognise_refusal(PREFIX + words)
    assert refusal == Refusal(kind, name, words, by_server=True)
    assert refusal.is_full is (kind is not RefusalKind.OTHER)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'connection to server at "h", port 1 failed: Connection refused\n\tIs the server running …',
            "Connection refused",
        ),
        ("connection timeout expired", "timeout expired"),
        ("failed to resolve host 'h': [Errno -2] Name or service not known", "failed to resolve host"),
        (
            "server closed the connection unexpectedly\n\tThis probably means …",
            "server closed the connection unexpectedly",
        ),
        ("", ""),
    ],
)
def test_what_no_server_said_is_another_failure_in_a_known_phrase(text: str, words: str) -> None:
    assert recognise_refusal(text) == Refusal(RefusalKind.OTHER, None, words, by_server=False)


@pytest.mark.parametrize(
    "text",
    [
        'invalid integer value "pa55word" for connection option "port"',
        "failed to resolve host 'pa55word@h': [Errno -2] Name or service not known",
        'connection to server at "pa55word@h", port 5432 failed: Connection refused',
        'missing "=" after "pa55word" in connection info string',
    ],
)
def test_no_piece_of_a_badly_written_connection_string_is_repeated(text: str) -> None:
    assert "pa55word" not in repr(recognise_refusal(text))


def test_of_several_attempts_a_limit_that_was_met_is_what_counts() -> None:
    text = (
        f"{PREFIX}sorry, too many clients already\nMultiple connection attempts failed. All failures were:\n"
        f"- host: 'a': {PREFIX}sorry, too many clients already\n- host: 'b': {PREFIX}the database system is starting up"
    )
    assert recognise_refusal(text).kind is RefusalKind.SERVER_LIMIT


def test_words_in_another_language_are_the_server_s_all_the_same() -> None:
    text = 'connection failed: connection to server at "h" (::1), port 5432 failed: ВАЖНО:  извините, уже слишком много клиентов'
    refusal = recognise_refusal(text)
    assert refusal.by_server
    assert refusal.words == "извините, уже слишком много клиентов"
