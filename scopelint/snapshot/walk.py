"""How far an enumeration has come."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Walk:
    """How far one enumeration has come: the next page's cursor, and whether it is over.

    `seen` counts the objects so far, `expected` is GitLab's own count, hidden ones included.
    """

    name: str
    cursor: str | None = None
    done: bool = False
    seen: int = 0
    expected: int | None = None
