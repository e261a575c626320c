"""Names made safe, measured, shortened and wrapped."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.text import cell_width, counted, shorten_middle, visible, visible_lines, wrap

ANY_TEXT = st.text(st.characters(codec=None), max_size=80)


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("acme/web/shop", "acme/web/shop"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\x9b2Jb", "a\\x9b2Jb"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("nul\x00 line\r\nnext\ttab", "nul\\x00 line next tab"),
        ("half \ud83e", "half \\ud83e"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("ac\u200dme", "ac\\u200dme"),
        ("👩\u200d💻 ok", "👩\u200d💻 ok"),
        ("naïve 日本語", "naïve 日本語"),
    ],
)
def test_clean_writes_out_what_a_terminal_would_act_on(raw: str, safe: str) -> None:
    assert visible(raw) == safe


@given(ANY_TEXT)
def test_cleaned_text_is_one_harmless_line_and_stays_as_it_is(raw: str) -> None:
    safe = visible(raw)
    categories = {unicodedata.category(char) for char in safe if char not in "\u200c\u200d"}
    assert not categories & {"Cc", "Cs", "Zl", "Zp"}
    assert not any(char in safe for char in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f")
    assert visible(safe) == safe
    assert safe.encode("utf-8").decode("utf-8") == safe


@given(ANY_TEXT)
def test_clean_lines_keeps_line_breaks_alone(raw: str) -> None:
    safe = visible_lines(raw)
    assert not {unicodedata.category(char) for char in safe.replace("\n", "")} & {"Cc", "Cs"}


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60), st.integers(5, 40))
def test_shortened_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    short = shorten_middle(text, width)
    assert cell_width(short) <= width
    if short != text:
        head, _, tail = short.partition("…")
        assert text.startswith(head)
        assert text.endswith(tail)


@given(st.text("ab/ 日", max_size=120), st.integers(8, 40))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_width(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_wide_characters_take_two_columns() -> None:
    assert cell_width("日本") == 4
    assert cell_width("e\u0301") == 1


def test_counts_have_separators_and_their_noun() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(1297, "entry", "entries") == "1,297 entries"
