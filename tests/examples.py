"""How many examples the property tests try."""

from hypothesis import settings

USUAL = 100
"""Hypothesis' own number, and that of the profile "all" in tests/conftest.py."""


def examples(count: int) -> int:
    """Return how many examples a test tries: all it wants, or its share in `make test-fast`.

    >>> examples(60)    # with the profile "few", of 10 instead of 100
    6
    """
    return max(count * settings().max_examples // USUAL, min(count, 3))
