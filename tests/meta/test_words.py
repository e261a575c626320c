"""The words: plain ones, so that a reader who is no native speaker reads no sentence twice."""

import ast
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.meta.sources import ROOT, modules, place, tree

AVOIDED = re.compile(
    r"\b(?:estates?|mend(?:s|ed|ing)?|bites?|affairs?|whoever|in its turn|nobody came"
    r"|(?:come|comes|came|coming) through|spool|unjudged|stretches|not told|broken off"
    r"|(?:held|holds? \w+ \w+) against|br(?:ing|ought) about|(?:list|JSON) was due|tells? of|came for"
    r"|albeit|lest|thereby|whatsoever|in vain|ha(?:s|ve) not the|would else)\b",
    re.IGNORECASE,
)
"""Words of early drafts, which need a second look: private names, and turns of speech."""


def product_strings() -> Iterator[tuple[str, str]]:
    """Yield the place and text of every string of the product, docstrings included."""
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield place(path, node), node.value


def comments() -> Iterator[tuple[str, str]]:
    """Yield the place and text of every comment of the product and of the tests."""
    for path in (*modules(), *modules_of_tests()):
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.COMMENT:
                    yield f"{place(path)}:{token.start[0]}", token.string


def docstrings_of_tests() -> Iterator[tuple[str, str]]:
    """Yield the place and text of what tests, and what they share, say of themselves."""
    for path in modules_of_tests():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                yield place(path), ast.get_docstring(node) or ""


def modules_of_tests() -> list[Path]:
    """Return the modules of the tests, without this one, which names what it looks for."""
    return sorted(path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__))


def pages() -> Iterator[tuple[str, str]]:
    """Yield the place and text of every line of the documentation."""
    folders = (
        ROOT,
        *(ROOT / name for name in ("docs", "rules", "reports", "finders", "templates")),
    )
    found = {
        path
        for folder in folders
        for path in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
    }
    assert len(found) > 40
    for path in sorted(found):
        lines = path.read_text(encoding="utf-8").splitlines()
        yield from ((f"{place(path)}:{number}", line) for number, line in enumerate(lines, 1))


@pytest.mark.parametrize("texts", [product_strings, pages, comments, docstrings_of_tests])
def test_words_that_need_a_second_look_are_avoided(
    texts: Callable[[], Iterator[tuple[str, str]]],
) -> None:
    # CHANGELOG tells authors of plug-ins what a former name became: in code marks.
    found = [
        f"{where}: {match[0]}"
        for where, text in texts()
        for match in AVOIDED.finditer(re.sub(r"`[^`\n]*`", "", text))
    ]
    assert found == [], "say it in plain words"


@pytest.mark.parametrize(
    ("text", "is_avoided"),
    [
        ("Whoever owns it", True),
        ("who comes through here", True),
        ("mended", True),
        ("a recommendation to amend", False),
        ("real estate's", True),
        ("arbiter", False),
        ("it was broken off", True),
        ("the day that waivers are held against", True),
        ("no log tells of them", True),
        ("retells often", False),
    ],
)
def test_avoided_words_are_seen_as_whole_words(text: str, is_avoided: bool) -> None:
    assert bool(AVOIDED.search(text)) is is_avoided
