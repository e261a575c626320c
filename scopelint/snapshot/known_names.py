"""Which numbers and paths of groups and projects a snapshot knows, wherever it has them from."""

from collections.abc import Iterable
from functools import cached_property

from scopelint.model import EntryKind, Target
from scopelint.snapshot.shards import Source


class KnownNames:
    """The groups and projects that were listed, that entries point to, and that were looked up.

    `targets` are the targets that something is known of. A snapshot is walked when its names are
    asked for the first time.
    """

    def __init__(self, snapshot: Source, targets: Iterable[Target]) -> None:
        self._named = snapshot.header.named
        self._listed = list(snapshot.listed_targets())
        self._targets = list(targets)
        self._projects = list(snapshot.project_paths())

    def number_of(self, kind: EntryKind, path: str) -> int | None:
        """Return the number of a group or project by full path in any case, None if not known."""
        return self._numbers.get(f"{kind}:{path.lower()}")

    def path_of(self, kind: EntryKind, number: int) -> str | None:
        """Return the full path of a group or project by its number, None if it is not known."""
        return self._paths.get((kind, number))

    def has(self, kind: EntryKind, number: int) -> bool:
        """Tell whether a group or project is known to exist, by its number."""
        return (kind, number) in self._ids

    @cached_property
    def _numbers(self) -> dict[str, int]:
        found = {key: number for key, number in self._named.items() if number is not None}
        found |= {
            f"{kind}:{path.lower()}": number
            for kind, number, path in self._listed
            if path is not None
        }
        found |= {
            f"{each.kind}:{each.path.lower()}": each.id for each in self._targets if each.path
        }
        found |= {f"project:{path.lower()}": number for number, path in self._projects}
        return found

    @cached_property
    def _paths(self) -> dict[tuple[EntryKind, int], str]:
        found = {(kind, number): path for kind, number, path in self._listed if path is not None}
        found |= {(each.kind, each.id): each.path for each in self._targets if each.path}
        found |= {("project", number): path for number, path in self._projects}
        return found

    @cached_property
    def _ids(self) -> frozenset[tuple[EntryKind, int]]:
        known: set[tuple[EntryKind, int]] = {("project", number) for number, _ in self._projects}
        known.update((target.kind, target.id) for target in self._targets if target.visible)
        # GitLab lists an entry only while its target exists, even to a token that cannot see it.
        known.update((kind, number) for kind, number, _ in self._listed)
        return frozenset(known)
