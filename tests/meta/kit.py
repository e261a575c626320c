"""What the meta tests share: an inventory, and scopelint run as a program of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TOKEN = "glpat-readme"
INVENTORY = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: bot, name: Audit Bot}}, {{username: mia}}]
tokens: [{{token: {TOKEN}, user: bot, scopes: [read_api]}}]
roles: [{{user: bot, on: acme, role: maintainer}}]
groups:
  - {{path: acme}}
  - {{path: acme/web}}
  - {{path: acme/sandbox}}
  - {{path: partner, visibility: public}}
projects:
  - path: acme/web/shop
    visibility: public
    scope: {{allowlist: [{{group: acme}}, {{project: partner/sdk}}]}}
  - {{path: acme/web/till, scope: {{allowlist: [{{group: acme/web}}]}}}}
  - {{path: acme/sandbox/toy, scope: {{inbound: false}}}}
  - {{path: partner/sdk, visibility: public}}
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program did."""

    code: int
    out: str
    err: str


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tests' environment with this Python's programs first on the PATH."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": programs, **(extra or {})}


def run(
    command: list[str | Path],
    folder: Path,
    extra: Mapping[str, str] | None = None,
    *,
    stdin: str = "",
    timeout: float = 120,
) -> Ran:
    """Run a program in a folder; return its exit code and what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment(extra),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def scopelint(folder: Path, *words: str | Path, extra: Mapping[str, str] | None = None) -> Ran:
    """Run `scopelint` in a folder."""
    return run([sys.executable, "-m", "scopelint", *words], folder, extra)


def without_age(text: str) -> str:
    """Leave out the lines that say of which run a file is: how old it is differs from day to day."""
    return re.sub(r"^(?:warning: )?\S+: .*, finished .*\n", "", text, flags=re.MULTILINE)
