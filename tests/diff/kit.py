"""Two described inventories compared."""

from collections.abc import Mapping
from typing import Any

from scopelint.diff import Diff, compare
from scopelint.testing import inventory

Description = str | Mapping[str, Any]


def changes(old: Description, new: Description) -> Diff:
    """Return what changed between two described inventories."""
    with inventory(old) as before, inventory(new) as after:
        return compare(before, after)
