"""Globs: the one pattern language, against the sentences of the outside contract."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.globs import GlobSet, matches

CASES = [
    ("acme/web", "acme/web", True),
    ("acme/web", "acme/web/shop", False),
    ("ACME/Web", "acme/wEB", True),
    ("acme/*", "acme/web", True),
    ("acme/*", "acme/web/shop", False),
    ("acme/*", "acme", False),
    ("acme/**", "acme", True),
    ("acme/**", "acme/web/shop", True),
    ("acme/**", "acme-labs/web", False),
    ("**", "anything/at/all", True),
    ("**/shop", "shop", True),
    ("**/shop", "acme/web/shop", True),
    ("**/shop", "acme/workshop", False),
    ("acme/**/shop", "acme/shop", True),
    ("acme/**/shop", "acme/a/b/shop", True),
    ("a**/b", "ab", False),
    ("a**/b", "a/x/b", True),
    ("acme/w?b", "acme/web", True),
    ("acme?web", "acme/web", False),
    ("acme/[ab]", "acme/a", False),
    ("acme/[ab]", "acme/[ab]", True),
    ("acme/a.b", "acme/aXb", False),
    ("", "acme", False),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), CASES)
def test_glob(pattern: str, path: str, expected: bool) -> None:
    """`*` and `?` stay inside a segment, `**` crosses, `x/**` also matches `x` itself."""
    assert matches(pattern, path) is expected


@given(st.text("ab/.+[(^$\\"))
def test_every_other_character_stands_for_itself(text: str) -> None:
    """No regular expression comes through: a text without wildcards matches itself alone."""
    assert matches(text, text)
    assert not matches(text, text + "x")


@given(st.text("ab*?/", max_size=12), st.text("ab/", max_size=12))
def test_star_agrees_with_a_plain_translation(pattern: str, path: str) -> None:
    """Without `**` a glob is a segment-wise match."""
    if "**" in pattern:
        return
    plain = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    assert matches(pattern, path) is (re.fullmatch(plain, path) is not None)


def test_a_set_matches_if_one_of_its_globs_does() -> None:
    """A set is an or; an empty one matches nothing and is false."""
    both = GlobSet(["acme/**", "shared/*"])
    assert both.matches("shared/lib")
    assert both.matches("acme/x/y")
    assert not both.matches("shared/lib/deep")
    assert not GlobSet()
    assert not GlobSet().matches("acme")
