"""Snapshots as commands are given them: a file, or a folder with the shards of one collection."""

from collections.abc import Iterable
from pathlib import Path

from scopelint.cli.destinations import check_writable
from scopelint.errors import UsageError


def snapshot_files(path: Path) -> tuple[Path, ...]:
    """Return the file, or the files of the folder that are not hidden; raise UsageError for none."""
    if not path.is_dir():
        return (path,)
    try:
        found = sorted(
            one for one in path.iterdir() if one.is_file() and not one.name.startswith(".")
        )
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if not found:
        raise UsageError(
            f"there is no snapshot in the folder {path}",
            hint="Make one with: scopelint collect TARGET -o FILE",
        )
    return tuple(found)


def check_output(output: Path | None, inputs: Iterable[Path]) -> None:
    """Raise UsageError where the output cannot be made, or would replace a file that is read."""
    if output is None:
        return
    check_writable(output)
    for path in inputs:
        if path.exists() and output.exists() and output.samefile(path):
            raise UsageError(
                f"the output would replace the snapshot {path}", hint="Give it its own file."
            )
