"""What the tests of the command line share: an inventory, and two ways to run the program."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from scopelint.cli import cli, failure
from scopelint.text import Secret

ADMIN = "glpat-kit-administrator"
TOKEN = "glpat-kit-maintainer"
DEVELOPER = "glpat-kit-developer"
SMALL = "glpat-kit-read-user-only"
EXPIRED = "glpat-kit-expired"
JOB = "glcbt-kit-job-token"

INVENTORY = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users:
  - {{username: root, admin: true}}
  - {{username: auditor}}
  - {{username: dev}}
tokens:
  - {{token: {ADMIN}, user: root, scopes: [api, admin_mode]}}
  - {{token: {TOKEN}, user: auditor, scopes: [read_api]}}
  - {{token: {DEVELOPER}, user: dev, scopes: [read_api]}}
  - {{token: {SMALL}, user: auditor, scopes: [read_user]}}
  - {{token: {EXPIRED}, user: auditor, scopes: [read_api], expired: true}}
  - {{token: {JOB}, user: auditor, kind: job}}
roles:
  - {{user: auditor, on: acme, role: maintainer}}
  - {{user: auditor, on: calm, role: maintainer}}
  - {{user: auditor, on: mild, role: maintainer}}
  - {{user: auditor, on: mid, role: maintainer}}
  - {{user: auditor, on: part, role: maintainer}}
  - {{user: auditor, on: both, role: maintainer}}
  - {{user: auditor, on: empty, role: maintainer}}
  - {{user: dev, on: acme, role: developer}}
groups:
  - {{id: 10, path: acme}}
  - {{id: 11, path: acme/web}}
  - {{id: 12, path: calm}}
  - {{id: 13, path: mild}}
  - {{id: 14, path: mid}}
  - {{id: 15, path: part}}
  - {{id: 16, path: both}}
  - {{id: 17, path: empty}}
  - {{id: 18, path: partner, visibility: public}}
projects:
  - {{id: 101, path: acme/web/shop, name: "Shop <b>", scope: {{allowlist: [{{group: acme}}]}}}}
  - {{id: 102, path: acme/web/site, scope: {{inbound: false}}}}
  - {{id: 103, path: acme/tool}}
  - {{id: 121, path: calm/one}}
  - {{id: 131, path: mild/one, scope: {{outbound: true}}}}
  - {{id: 141, path: mid/one, scope: {{allowlist: [{{project: partner/sdk}}]}}}}
  - {{id: 151, path: part/good}}
  - {{id: 152, path: part/bad, fails: always}}
  - {{id: 161, path: both/open, scope: {{inbound: false}}}}
  - {{id: 162, path: both/bad, fails: always}}
  - {{id: 181, path: partner/sdk, visibility: public}}
"""
"""acme: 2 high. calm: nothing. mild: 1 low. mid: 1 medium. part: nothing, one unreadable. both: 1
high, one unreadable. empty: no project."""

VARIABLES = ("SCOPELINT_", "GITLAB_", "CI", "PYTHON_GITLAB", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file")


def is_ours(name: str) -> bool:
    """Tell whether a variable could change what scopelint does."""
    return name.startswith(VARIABLES) or name.lower() in (*PROXIES, "requests_ca_bundle")


@dataclass(frozen=True)
class Result:
    """What a run left behind: exit code, stdout, stderr."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode("utf-8")

    @property
    def text(self) -> str:
        """Both streams."""
        return self.out + self.err

    def expect(self, code: int, *words: str) -> "Result":
        """Check the exit code, that stderr holds these words, and that nothing crashed."""
        assert self.code == code, f"exit {self.code}\n{self.text}"
        assert "Traceback" not in self.text
        assert "scopelint itself failed" not in self.err, self.err
        for word in words:
            assert word in self.err, self.err
        return self


class Stream(io.TextIOWrapper):
    """Stands for stdout or stderr; `terminal` tells whether it says that it is a terminal."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), "utf-8")
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def call(*args: object, terminal: bool = False) -> Result:
    """Run the command line in this process; `terminal` makes stderr one."""
    stdout, stderr = Stream(), Stream(terminal=terminal)
    argv = ["scopelint", *map(str, args)]
    with (
        mock.patch.object(sys, "argv", argv),
        mock.patch.object(Secret, "known", set()),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        code = failure.run(cli)
    return Result(code, _bytes(stdout), _bytes(stderr).decode("utf-8"))


def _bytes(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what concerns scopelint, and with `more`."""
    return {name: value for name, value in os.environ.items() if not is_ours(name)} | more


def command(*args: object) -> list[str]:
    """Return the command that runs scopelint in a process of its own."""
    return [sys.executable, "-m", "scopelint", *map(str, args)]


def process(
    *args: object, env: Mapping[str, str] | None = None, cwd: Path | None = None, **options: Any
) -> Result:
    """Run scopelint in a process of its own."""
    done = subprocess.run(
        command(*args),
        env=environment(**(env or {})),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode("utf-8"))


def files_below(folder: Path) -> Sequence[Path]:
    """Return every file below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
