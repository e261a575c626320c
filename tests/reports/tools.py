"""The validators of other projects, where they are installed.

`.ci/run` installs them by npm and pip into the folder that SCOPELINT_TOOLS names; a test whose
validator is missing is skipped with the reason.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

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


def browser() -> str:
    """Return the browser on PATH."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser on PATH ({', '.join(BROWSERS)})")
    return found


def browse(job: dict[str, Any]) -> dict[str, Any]:
    """Open a page as `browser.cjs` describes; return what was requested, logged and asked for."""
    modules = _folder() / "node_modules"
    missing = [name for name in ("puppeteer-core", "axe-core") if not (modules / name).is_dir()]
    if missing or not shutil.which("node"):
        pytest.skip(f"not installed: {' '.join(missing) or 'node'} (.ci/run installs them)")
    script = Path(__file__).parent / "browser.cjs"
    words = json.dumps({"browser": browser(), **job})
    done = run(["node", script, words], {"NODE_PATH": str(modules)})
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def vnu(*pages: Path) -> str:
    """Return what the Nu Html Checker says of pages; nothing where it finds no error."""
    jar = _folder() / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    if not shutil.which("java") or not jar.is_file():
        pytest.skip("java or vnu-jar is not installed (.ci/run installs vnu-jar)")
    done = run(["java", "-Xss64m", "-jar", jar, "--errors-only", *pages])
    return done.stdout + done.stderr


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
