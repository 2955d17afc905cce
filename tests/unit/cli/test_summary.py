"""A week in a terminal."""

from bot.cli.summary import folded


def test_a_long_sentence_ends_between_two_words_in_a_terminal() -> None:
    head = "12:" + "ab" * 32
    folded_line = folded(f"  So much is {head} and then some.", 40)
    assert folded_line.split("\n") == ["  So much is", f"  {head}", "  and then some."]
    assert folded("  short", 40) == "  short"
