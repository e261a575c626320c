"""Whether two snapshots are of the same thing, and how each of them is described."""

from scopelint.diff.changes import ScanInfo
from scopelint.errors import SnapshotError
from scopelint.snapshot import Filters, Header
from scopelint.snapshot.inventory import Inventory


def check_comparable(old: Header, new: Header) -> None:
    """Raise SnapshotError where OLD and NEW are not collections of the same projects.

    The instance, the targets and the filters decide; the way of reading, the version of GitLab and
    the authentication log may differ.
    """
    for what, before, after in (
        ("instances", old.instance, new.instance),
        ("targets", _sorted(old.targets), _sorted(new.targets)),
        ("filters", _filters(old.filters), _filters(new.filters)),
    ):
        if before != after:
            raise SnapshotError(
                f"OLD and NEW are of different {what}: {before} and {after}",
                hint="Compare two collections of the same targets with the same filters.",
            )


def _sorted(targets: tuple[str, ...]) -> str:
    return ", ".join(sorted(targets))


def _filters(filters: Filters) -> str:
    return (
        f"include={sorted(filters.include)} exclude={sorted(filters.exclude)}"
        f" archived={filters.archived}"
    )


def frame(inventory: Inventory) -> ScanInfo:
    """Return a snapshot's frame as a comparison shows it."""
    return ScanInfo(inventory.scan, inventory.complete, inventory.total, inventory.read)
