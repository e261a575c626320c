"""The validators of other projects, where they are installed.

`.ci/run` installs them by npm and pip into the folder that SCOPELINT_TOOLS names; a test whose
validator is missing is skipped with the reason.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

_PLATFORM = "linux" if sys.platform.startswith("linux") else sys.platform


def _folder() -> Path:
    folder = os.environ.get("SCOPELINT_TOOLS")
    if not folder:
        pytest.skip("SCOPELINT_TOOLS names no folder with validators (.ci/run makes one)")
    return Path(folder)


def program(name: str) -> Path:
    """Return a program of the validators' own virtual environment."""
    path = _folder() / "venv" / "bin" / name
    if not path.is_file():
        pytest.skip(f"{name} is not installed in the folder that SCOPELINT_TOOLS names")
    return path


def multitool() -> Path:
    """Return Microsoft's SARIF Multitool: the program itself, not the script that needs a shell."""
    place = f"node_modules/@microsoft/sarif-multitool-{_PLATFORM}/Sarif.Multitool"
    path = _folder() / place
    if not os.access(path, os.X_OK):
        pytest.skip(f"{place} is not in the folder that SCOPELINT_TOOLS names")
    return path


def node(script: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a script under Node with the npm packages at hand."""
    modules = _folder() / "node_modules"
    if not shutil.which("node") or not (modules / "ajv-draft-04").is_dir():
        pytest.skip("node or ajv is not installed (.ci/run installs ajv)")
    return run(["node", "-e", script, "--", *words], {"NODE_PATH": str(modules)})


def run(
    command: Sequence[str | Path], extra: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it said."""
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **(extra or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
