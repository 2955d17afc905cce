"""What is said beside the error: that one has it too, is in again, that it is down; and what is none of these."""

import pytest

from bot.diagnosis.small_talk import Said, said
from tests.hostile import NAMES


@pytest.mark.parametrize(
    "text",
    ["+1", "+ 1", "+1 +1", "++", "+20", "x2", "x 3", "=", "==", "^", "^^", "Same", "same here!", "Same here :sob:", "me too", "Me too <@U0ANN>",
     "yes, same here", "ditto.", "this", ":+1:", "👍", "👍🏽", "➕1", "☝️", "igual", "Yo también", "Me pasa lo mismo :(", "a mí también", "ich auch", "Bei mir auch!",
     "moi aussi", "pareil", "même problème", "anch'io", "eu também", "у меня тоже", "То же самое", "我也是", "私もです", "저도요", "ja też" ],
)  # fmt: skip
def test_me_too(text: str) -> None:
    assert said(text) is Said.ME_TOO


@pytest.mark.parametrize(
    "text",
    ["works now", "It works again, thanks!", "I'm in", "fixed!", "ok now", "ya funciona", "geht wieder", "ça marche", "заработало", "可以了", "✅", "All good now :)"],
)  # fmt: skip
def test_in_again(text: str) -> None:
    assert said(text) is Said.IN_AGAIN


@pytest.mark.parametrize(
    "text",
    ["the database is down", "Is the DB down?", "is postgres down for anyone else", "server down!!", "DB not working", "the server isn't responding? it's not responding server",
     "I can't connect to the database", "cannot log in to psql", "can't log in", "nobody can connect", "se cayó la base de datos", "¿Está caída la base de datos?",
     "no puedo conectarme a la base", "Die Datenbank geht nicht", "Datenbank ist tot", "la base de données ne marche pas", "le serveur est en panne", "база не работает",
     "数据库挂了", "データベースが落ちています", "서버 다운", "pgadmin won't connect", "baza nie działa"],
)  # fmt: skip
def test_down(text: str) -> None:
    assert said(text) is Said.DOWN


@pytest.mark.parametrize(
    "text",
    ["", "   ", "hi", "how do I write a join?", "what is a connection pool?", "The homework says to connect to the database with psql, which port was it again?",
     "write down the answer in the database table", "same as yesterday's exercise: two tables", "this query returns x2 rows", "I have 2 questions",
     "+1 for the lecture on indexes, I liked it", "fixed-length columns", "works as a foreign key", "When is the exam?", "set x = 1", "a = b", "the index is full of nulls",
     "thanks!", "please help", "scroll down in the document", "In the lecture we said that a database that is down cannot be queried; " * 3],
)  # fmt: skip
def test_other_talk_is_nothing(text: str) -> None:
    assert said(text) is Said.NOTHING


@pytest.mark.parametrize("text", [*NAMES, "x" * 100_000, "+1 " * 30_000, ":" * 50_000, "can't " * 20_000])
def test_garbage_says_nothing_and_is_answered(text: str) -> None:
    assert said(text) in Said
