import pytest

from bot.causes.finding import Cause, Kind
from bot.causes.refusal import Refusal, recognise_refusal

PREFIX = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: FATAL:  '


@pytest.mark.parametrize(
    ("words", "cause", "name"),
    [
        ('too many connections for role "alice"', Cause.ROLE_LIMIT, "alice"),
        ('too many connections for role "o"dd "name"', Cause.ROLE_LIMIT, 'o"dd "name'),
        ('too many connections for database "class"', Cause.DATABASE_LIMIT, "class"),
        ("sorry, too many clients already", Cause.SERVER_LIMIT, None),
        (
            "remaining connection slots are reserved for non-replication superuser connections",
            Cause.RESERVED_SLOTS,
            None,
        ),
        ("remaining connection slots are reserved for roles with the SUPERUSER attribute", Cause.RESERVED_SLOTS, None),
        (
            'remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections" role',
            Cause.RESERVED_SLOTS,
            None,
        ),
        ("no more connections allowed (max_client_conn)", Cause.POOLER_LIMIT, None),
    ],
)
def test_the_server_s_words_tell_which_limit_refused(words: str, cause: Cause, name: str | None) -> None:
    refusal = recognise_refusal(PREFIX + words)
    assert refusal == Refusal(cause, None, name, words, by_server=True)
    assert refusal.is_full


@pytest.mark.parametrize(
    ("words", "kind", "passing"),
    [
        ('password authentication failed for user "connbot"', Kind.PASSWORD, False),
        ('role "connbot" does not exist', Kind.NO_SUCH_ROLE, False),
        ("the database system is shutting down", Kind.SHUTTING_DOWN, True),
        ("the database system is starting up", Kind.STARTING_UP, True),
        ("das Datenbanksystem startet", Kind.STARTING_UP, True),
        ("something nobody has heard of", None, False),
    ],
)
def test_another_failure_is_no_limit(words: str, kind: Kind | None, *, passing: bool) -> None:
    refusal = recognise_refusal(PREFIX + words)
    assert refusal == Refusal(Cause.OTHER, kind, None, words, by_server=True)
    assert not refusal.is_full
    assert refusal.is_passing is passing


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
    assert recognise_refusal(text) == Refusal(Cause.OTHER, words=words)


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
    assert recognise_refusal(text).cause is Cause.SERVER_LIMIT


@pytest.mark.parametrize(
    ("said", "cause", "name"),
    [
        ("ВАЖНО:  извините, уже слишком много клиентов", Cause.SERVER_LIMIT, None),
        ("FATAL:  zu viele Verbindungen von Rolle »connbot«", Cause.ROLE_LIMIT, "connbot"),
        ('FATALE:  troppe connessioni al database "class"', Cause.DATABASE_LIMIT, "class"),
        ("치명적오류:  최대 동시 접속자 수를 초과했습니다.", Cause.SERVER_LIMIT, None),
        ('致命错误:  由角色"connbot"发起的连接太多了', Cause.ROLE_LIMIT, "connbot"),
        ('ÖLÜMCÜL (FATAL):  "connbot" rol bağlantı sayısı aşılmıştır', Cause.ROLE_LIMIT, "connbot"),
    ],
)
def test_a_server_that_speaks_another_language_is_understood(said: str, cause: Cause, name: str | None) -> None:
    refusal = recognise_refusal(f'connection failed: connection to server at "h" (::1), port 5432 failed: {said}')
    assert refusal == Refusal(cause, None, name, said.partition(":  ")[2], by_server=True)


def test_words_in_a_language_nobody_has_told_us_are_the_server_s_all_the_same() -> None:
    refusal = recognise_refusal('connection to server at "h" (::1), port 5432 failed: VALVONTA:  liikaa yhteyksiä')
    assert refusal == Refusal(Cause.OTHER, words="liikaa yhteyksiä", by_server=True)
