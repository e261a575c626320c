"""Finding scopelint.yml: from a folder upward to the git root, and no further."""

import os
from dataclasses import dataclass
from pathlib import Path

from scopelint.errors import ConfigError, Problem
from scopelint.text import clean

CONFIG_NAMES = (
    "scopelint.yml",
    "scopelint.yaml",
    ".scopelint.yml",
    ".scopelint.yaml",
    ".gitlab/scopelint.yml",
    ".gitlab/scopelint.yaml",
)
"""The names that are looked for in each folder; a folder has one of them at most."""


@dataclass(frozen=True, slots=True)
class FoundConfig:
    """A config that was found, not named: everybody who can change the repository can change it."""

    path: Path
    """The file."""
    root: Path
    """The git root, or the start folder outside a checkout; what the file names must lie below."""
    name: str
    """How messages name the file: its path from the start folder."""


def find_config(start: Path) -> FoundConfig | None:
    """Return the nearest config at or above the folder `start`, or None.

    Outside a git checkout (no folder with `.git` at or above) only `start` itself is looked at.
    Raise ConfigError where it cannot be told whether there is one, where a folder has two, and
    where a config is a link that leads out of the git root.
    """
    start = start.resolve()
    folders = [start, *start.parents]
    depth = next((n for n, folder in enumerate(folders) if _is_root(folder)), 0)
    root = folders[depth]
    for folder in folders[: depth + 1]:
        present = [name for name in CONFIG_NAMES if _exists(folder / name)]
        if present:
            return _found(folder, present, root, start)
    return None


def _found(folder: Path, present: list[str], root: Path, start: Path) -> FoundConfig:
    path = folder / present[0]
    name, *others = (clean(os.path.relpath(folder / one, start)) for one in present)
    if others:
        message = f"there is {' and '.join(others)} too: which of them holds?"
        hint = "keep one of them, or name the one to read with --config"
        raise ConfigError([Problem(name, message, hint=hint)])
    if not path.resolve().is_relative_to(root):
        message = f"this is a link that leads out of {clean(str(root))}"
        hint = "name the file with --config if it is meant"
        raise ConfigError([Problem(name, message, hint=hint)])
    return FoundConfig(path, root, name)


def _is_root(folder: Path) -> bool:
    try:
        return (folder / ".git").exists()
    except OSError:
        # A parent folder that this user may not list is not their checkout.
        return False


def _exists(path: Path) -> bool:
    # A broken link or a folder counts: reading it says what is wrong, while skipping it would
    # drop a policy without a word.
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        problem = Problem(clean(str(path)), f"cannot be looked at: {error.strerror}")
        raise ConfigError([problem], hint="use --config or --no-config") from error
    return True
