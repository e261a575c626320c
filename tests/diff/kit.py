"""Two described estates compared."""

from collections.abc import Mapping
from typing import Any

from scopelint.diff import Diff, compare
from scopelint.testing import estate

Description = str | Mapping[str, Any]


def changes(old: Description, new: Description) -> Diff:
    """Return what changed between two described estates."""
    with estate(old) as before, estate(new) as after:
        return compare(before, after)
