"""Text in messages: cleaned, redacted, quoted, shortened."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.text import clean, excerpt, holds_control, redact, shorten, shown, suggestion

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


@given(ANY_TEXT)
def test_clean_text_keeps_its_length_and_holds_nothing_that_acts(text: str) -> None:
    said = clean(text)
    assert len(said) == len(text)
    unsafe = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not {unicodedata.category(character) for character in said} & unsafe
    assert clean(said) == said


def test_clean_replaces_and_makes_tabs_spaces() -> None:
    assert clean("a\tb\x1b[0m\u202ec\u00a0d") == "a b\ufffd[0m\ufffdc\u00a0d"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("glpat-abcdefghij is used", "[hidden] is used"),
        ("token: x y z", "token: [hidden]"),
        ("PASSWORD = hunter2", "PASSWORD = [hidden]"),
        ("https://user:pw@gitlab.example.com/x", "https://[hidden]@gitlab.example.com/x"),
        ("job_token_scope: on", "job_token_scope: on"),
        ("acme/glow-worm", "acme/glow-worm"),
    ],
)
def test_redacted_text_has_no_secret(text: str, said: str) -> None:
    assert redact(text) == said


def test_a_value_is_shown_as_a_message_quotes_it() -> None:
    values = [None, True, 7, "a\x00b", "glcbt-64_abcdefgh", "x" * 99]
    expected = ["null", "true", "7", '"a\ufffdb"', '"[hidden]"', f'"{"x" * 59}…"']
    assert [shown(value) for value in values] == expected


def test_a_short_text_stays_and_a_long_one_ends_with_an_ellipsis() -> None:
    assert shorten("abcd", 4) == "abcd"
    assert shorten("abcde", 4) == "abc…"


@given(st.text("ab \t", max_size=300), st.integers(1, 300))
def test_an_excerpt_is_bounded(line: str, column: int) -> None:
    assert len(excerpt(line, column)) <= 80


@pytest.mark.parametrize(
    ("text", "held"), [("a b", False), ("a\nb", True), ("\u202e", True), ("é日", False)]
)
def test_control_characters_are_seen(text: str, held: bool) -> None:
    assert holds_control(text) is held


def test_a_near_word_is_suggested() -> None:
    assert suggestion("Sarfi", ["sarif", "json"]) == 'did you mean "sarif"?'
    assert suggestion("unlike", ["sarif", "json"]) == ""
