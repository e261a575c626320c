"""The tree of namespaces with the number of projects below each.

It is built once an inventory and asked for each group entry, so a question costs two searches,
whatever the size of the tree.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator


class GroupTree:
    """The tree of namespaces, numbered in depth-first order, with the count of projects in each.

    A namespace and its descendants have consecutive numbers. So the count of projects below it is
    the difference of two prefix sums, whatever the size of the tree.
    """

    def __init__(self, namespaces: Iterable[str], project_paths: Iterable[str]) -> None:
        """Number the namespaces (full paths), their ancestors, and those that hold projects."""
        counts: dict[str, int] = {}
        for path in namespaces:
            counts.setdefault(path, 0)
        for path in project_paths:
            namespace = path.rpartition("/")[0]
            counts[namespace] = counts.get(namespace, 0) + 1
        for path in list(counts):
            while (path := path.rpartition("/")[0]) and path not in counts:
                counts[path] = 0
        # "\0" sorts before every character of a path, so children follow their parent directly.
        self._keys = sorted(path.replace("/", "\0") for path in counts)
        self._below = [0]
        for key in self._keys:
            self._below.append(self._below[-1] + counts[key.replace("\0", "/")])

    def interval(self, path: str) -> tuple[int, int]:
        """Return the half-open range of numbers of a namespace and all below it.

        Empty (start equals end) for a namespace that is not in the tree.
        """
        key = path.replace("/", "\0")
        start = bisect_left(self._keys, key)
        if start == len(self._keys) or self._keys[start] != key:
            return start, start
        return start, bisect_left(self._keys, key + "\1", start)

    def __contains__(self, path: str) -> bool:
        start, end = self.interval(path)
        return start < end

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def total(self) -> int:
        """How many projects there are in all namespaces."""
        return self._below[-1]

    def paths(self) -> Iterator[str]:
        """Yield the namespaces' full paths by their numbers: parents before their children."""
        return (key.replace("\0", "/") for key in self._keys)

    def between(self, start: int, end: int) -> int:
        """Count the projects that lie directly in the namespaces of a half-open range of numbers."""
        return self._below[end] - self._below[start]

    def projects_below(self, path: str) -> int:
        """Count the projects in a namespace and all namespaces below it."""
        start, end = self.interval(path)
        return self._below[end] - self._below[start]
