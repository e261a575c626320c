"""gitlabform itself, where it is installed.

`.ci/run` makes a virtual environment with it in the folder that SCOPELINT_TOOLS names; it needs
Python 3.12. Elsewhere the tests are skipped with the reason.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).parent / "gitlabform_driver.py"


def _bin(name: str) -> Path:
    folder = os.environ.get("SCOPELINT_TOOLS")
    if not folder:
        pytest.skip("SCOPELINT_TOOLS names no folder with gitlabform (.ci/run makes one)")
    path = Path(folder) / "gitlabform" / "bin" / name
    if not (Path(folder) / "gitlabform" / "bin" / "gitlabform").is_file():
        pytest.skip("gitlabform, which needs Python 3.12, is not in SCOPELINT_TOOLS/gitlabform")
    return path


def judged(texts: Sequence[str], paths: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return what gitlabform's own classes make of each config, for each path."""
    orders = "".join(json.dumps({"text": text, "paths": paths}) + "\n" for text in texts)
    ran = subprocess.run(
        [_bin("python"), DRIVER], input=orders, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def applied(config: Path, target: str, url: str, token: str) -> subprocess.CompletedProcess[str]:
    """Run gitlabform for real."""
    environment = {**os.environ, "GITLAB_URL": url, "GITLAB_TOKEN": token}
    command: list[str | Path] = [
        _bin("gitlabform"),
        "--config",
        config,
        "--skip-version-check",
        "-v",
        "-a",
        target,
    ]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, cwd=config.parent
    )
