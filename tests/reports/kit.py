"""What the tests of several formats share: rendering, and the official schemas."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import settings

from scopelint.report import Report, Reporter
from tests.examples import examples

_RANGES = ((0x00, 0x1F), (0x7F, 0x9F), (0x200E, 0x200F), (0x2028, 0x202E), (0x2066, 0x2069))
BIDI_AND_CONTROLS = frozenset(
    chr(code) for first, last in _RANGES for code in range(first, last + 1)
) - {"\n", "\t"}
"""Characters that must not reach a reader raw (line feed and tab are judged by each test)."""


STEADY = settings(derandomize=True, database=None, deadline=None, max_examples=examples(150))
"""The same examples in every run, and no file left behind."""


def rendered(reporter: Reporter, report: Report) -> bytes:
    """Return what a reporter writes."""
    out = io.BytesIO()
    reporter.render(report, out)
    return out.getvalue()


def official(name: str) -> Path:
    """Return the path of an official schema; skip the test where there is no folder of them."""
    folder = os.environ.get("SCOPELINT_SCHEMAS")
    if not folder:
        pytest.skip("SCOPELINT_SCHEMAS names no folder with the official schemas")
    path = Path(folder) / name
    if not path.is_file():
        pytest.skip(f"{name} is not in the folder that SCOPELINT_SCHEMAS names")
    return path
