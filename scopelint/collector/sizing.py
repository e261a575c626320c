"""How many projects one request asks for: fewer where GitLab does not manage, more where it does."""


class BatchSize:
    """Learns the size of a batch from what was answered and what was too much."""

    def __init__(self, largest: int) -> None:
        """Start with the largest batch there may be."""
        self.size = largest
        self._managed = 0

    def answered(self, size: int) -> None:
        """Note that so many were answered at once."""
        self._managed = max(self._managed, size)
        self.size = max(self.size, size)

    def refused(self, size: int) -> None:
        """Note that so many were too much.

        Where as many were answered before, these projects are to blame and not their number; it
        is the number all the same if that happens again before another such answer.
        """
        half = (size + 1) // 2
        if size <= self._managed:
            self._managed = half
        else:
            self.size = max(1, min(self.size, half))
