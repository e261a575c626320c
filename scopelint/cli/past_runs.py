"""What the commands say of a file that stands for an earlier run: of what, how old, which part.

A snapshot or a report tells what GitLab had when it was read, so its age is always said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from scopelint.cli.console import err
from scopelint.errors import NothingScannedError
from scopelint.filters import ProjectChoice
from scopelint.owners import OwnerRule, ownership
from scopelint.project_pattern import ProjectKind
from scopelint.run_identity import RunIdentity, age
from scopelint.snapshot import Source
from scopelint.snapshot.inventory import Inventory

STALE_AFTER: Final = timedelta(days=7)
"""An older file is warned about: a weekly schedule has made a newer one by then."""


def tell_run(names: Iterable[Path], run: RunIdentity, *, quiet: bool = False) -> None:
    """Say on stderr of what run these files are and how old they are, in one line.

    One that is older than `STALE_AFTER`, or interrupted, is a warning, which `quiet` does not
    silence.
    """
    name, now = ", ".join(map(str, names)), datetime.now(UTC)
    text = f"{name}: {run.describe(now)}"
    if run.finished_at is not None and now - run.finished_at > STALE_AFTER:
        old = age(run.finished_at, now).removesuffix(" ago")
        err(f"warning: {text}; what GitLab has today is not in a file {old} old: scan again")
    elif not quiet:
        err(text)


def open_part(
    source: Source,
    chosen: ProjectChoice,
    files: Iterable[Path],
    owners: Sequence[OwnerRule] = (),
) -> Inventory:
    """Return the inventory of what is chosen of a snapshot, and warn of selectors without effect.

    `owners` are the rules by which `--owner` chooses. Raises NothingScannedError where the snapshot lists no project, or none is chosen.
    """
    chosen = with_owners(chosen, source, owners)
    inventory = Inventory(source, chosen)
    paths = [path for _, path in inventory.seen()] if chosen else []
    warn_of(chosen, paths, files)
    if not inventory.total:
        name = ", ".join(map(str, files))
        if chosen:
            words = " ".join(chosen.words())
            raise NothingScannedError(f"{name}: {words} leaves none of {len(paths)} projects")
        raise NothingScannedError(f"{name}: there is no project")
    return inventory


def with_owners(
    chosen: ProjectChoice, source: Source, owners: Sequence[OwnerRule]
) -> ProjectChoice:
    """Return the choice with whose the projects of a snapshot are, where it asks for owners."""
    if not chosen.owners:
        return chosen

    def kinds() -> dict[str, ProjectKind]:
        return {path: kind for _, path, kind in source.kinds()}

    return replace(chosen, ownership=ownership(owners, kinds))


def warn_of(chosen: ProjectChoice, paths: Iterable[str], files: Iterable[Path]) -> None:
    """Warn of each selector that matches none of the projects in these files.

    Otherwise a glob with a typing error would look like a part in which everything is in order.
    """
    for sentence in chosen.without_effect(paths, ", ".join(map(str, files))):
        err(f"warning: {sentence}")
