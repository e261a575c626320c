"""Foreign text is made fit to be shown in `scopelint.text` alone."""

import ast
import re
from pathlib import Path

import pytest

from tests.meta.sources import ROOT, modules, place, tree

HOME = ROOT / "scopelint" / "text"
ELSEWHERE = {
    # Which characters a YAML file may hold at all (YAML 1.2, production 1): such a file is refused.
    ROOT / "scopelint" / "yaml" / "source.py",
}
MODULES = [
    path
    for path in modules()
    if not path.is_relative_to(HOME)
    and not path.is_relative_to(ROOT / "simulator")
    and path not in ELSEWHERE
]

_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_CLASS = re.compile(
    r"""\[[^\]]*(?:
        [\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]
        | \\x[01][0-9a-f] | \\x7f | \\x9f | \\u20[026] | \\ud8
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPE_SEQUENCE = re.compile(r"(?:\x1b|\\x1b|\\033|\\e)\\?\[[^m]*(?:\[|\*|\+|\\d)")
_FORMULA = re.compile(r"=\+-@|\uff1d")
_TOKEN = re.compile(r"gl(?:pat|cbt|rt|dt|\[a-z\])[^ ]*\[")


def cleaning(text: str) -> str | None:
    """Say which kind of cleaning a string constant belongs to, None for none."""
    if text in _CATEGORIES:
        return "a category of control characters"
    if _CLASS.search(text) or _ESCAPE_SEQUENCE.search(text):
        return "a class of control characters"
    if _FORMULA.search(text):
        return "the beginnings of formulas"
    return "a pattern of tokens" if _TOKEN.search(text) else None


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_no_other_module_cleans_text(path: Path) -> None:
    found = [
        f"{place(path, node)}: {said}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if (said := cleaning(node.value))
    ]
    assert not found, "use or extend scopelint.text"


@pytest.mark.parametrize(
    "text",
    [
        "Cf",
        r"[\x00-\x1f]",
        "[\x00-\x08\x0b]",
        "[\u202a-\u202e]",
        r"[^\x20-\x7f]",
        "\x1b\\[[0-9;]*m",
        "=+-@\t",
        r"\bgl[a-z]{2,10}-[\w.=-]{6,}",
        r"glpat-[\w-]{20}",
    ],
)
def test_cleaning_is_seen(text: str) -> None:
    assert cleaning(text)


@pytest.mark.parametrize("text", ["\x1b[31m", "\r\x1b[2K", "glcbt-", "[a-z]", "\ufffd", "LMN"])
def test_what_is_no_cleaning_passes(text: str) -> None:
    assert cleaning(text) is None
