"""Globs: the one pattern language, against the sentences of the outside contract."""

import re
import time

import pytest
from hypothesis import given, settings
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
    """No regular expression is understood: a text without wildcards matches itself alone."""
    assert matches(text, text)
    assert not matches(text, text + "x")


def ends(token: str, path: str, start: int) -> set[int]:
    """Return every place where a part of a glob may end that begins at `start`."""
    rest = range(start, len(path) + 1)
    match token:
        case "**/":
            return {start} | {end for end in rest if end > start and path[end - 1] == "/"}
        case "**":
            return set(rest)
        case "*":
            return {end for end in rest if "/" not in path[start:end]}
        case "?":
            return {start + 1} if path[start : start + 1] not in ("", "/") else set()
        case _:
            return {start + len(token)} if path.startswith(token, start) else set()


def slowly(pattern: str, path: str) -> bool:
    """Tell what a glob matches, by trying every way."""
    body = pattern.removesuffix("/**")
    found = {0}
    for token in filter(None, re.split(r"((?<![^/])\*\*/|\*\*|\*|\?)", body)):
        found = {end for start in found for end in ends(token, path, start)}
    below = body != pattern
    return any(end == len(path) or (below and path[end] == "/") for end in found)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "/", "*", "?", "**", "**/", "/**"]), max_size=10),
    st.text("ab/", max_size=14),
)
def test_a_glob_agrees_with_trying_every_way(pattern: list[str], path: str) -> None:
    """Wildcards of any kind in any order, in paths of any form."""
    assert matches("".join(pattern), path) is slowly("".join(pattern), path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**?**?**?**?**?**?**?**?!", "a"),
        ("**?**?**?**?**?**?**?**?!", "a/"),
        ("*a*a*a*a*a*b", "a"),
        ("**a**a**a**a**b", "a"),
        ("**a*a*b**a*a*b", "a"),
        ("**/a*a*/**/a*a*/**/b*b", "aa/"),
        ("**a*a/**/a*b/**", "aa/"),
        ("**?*?*?**?*?*?**!", "a/a"),
    ],
)
def test_many_wildcards_take_time_linear_in_the_path(pattern: str, path: str) -> None:
    """Two hundred thousand characters: done at once by one pass, never by trying every way."""
    started = time.process_time()
    assert not matches(pattern, path * 200_000)
    assert not GlobSet([pattern, pattern + "?"]).matches(path * 200_000)
    assert time.process_time() - started < 10


def test_a_set_matches_if_one_of_its_globs_does() -> None:
    """A set is an or; an empty one matches nothing and is false."""
    both = GlobSet(["acme/**", "shared/*"])
    assert both.matches("shared/lib")
    assert both.matches("acme/x/y")
    assert not both.matches("shared/lib/deep")
    assert not GlobSet()
    assert not GlobSet().matches("acme")
