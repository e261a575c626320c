"""What the fault tests share: a big instance, a scan in this process, and what it found."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.kit import Result, call

TOKEN = "glpat-faults-maintainer"
FAILING = "acme/always/failing"


def instance(projects: int, *, failing: bool = False, groups: int = 40) -> dict[str, Any]:
    """Return an instance of one group tree; `failing` adds a project whose scope never comes."""
    broken = [{"path": FAILING, "fails": "always", "id": 90_001}] if failing else []
    return {
        "gitlab": {"version": "19.3.0", "enforce_inbound": False},
        "users": [{"username": "bot"}],
        "tokens": [{"token": TOKEN, "user": "bot", "scopes": ["read_api"]}],
        "roles": [{"user": "bot", "on": "acme", "role": "maintainer"}],
        "groups": [{"path": "acme"}, {"path": "acme/always"}, {"path": "acme/bulk"}],
        "projects": broken,
        "generate": [
            {
                "under": "acme/bulk",
                "projects": projects - len(broken),
                "groups": groups,
                "entries": 2,
                "open_share": 0.05,
                "seed": 5,
            }
        ],
    }


@dataclass(frozen=True)
class Scanned:
    """A scan's result and its JSON report."""

    result: Result
    report: dict[str, Any]

    @property
    def gaps(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.report["scan"]["gaps"]
        return found

    @property
    def requests(self) -> int:
        return int(self.report["scan"]["requests"])

    def found(self, *, without: tuple[str, ...] = ()) -> set[tuple[str, str, str, str]]:
        """Every finding: rule, project, message, fingerprint; but not of the rules `without`."""
        return {
            (
                finding["rule"],
                (finding["project"] or {}).get("path", ""),
                finding["message"],
                finding["fingerprint"],
            )
            for finding in self.report["findings"]
            if finding["rule"] not in without
        }

    def projects_of(self, rule: str) -> list[str]:
        """Paths of the projects that have a finding of this rule."""
        return [
            finding["project"]["path"]
            for finding in self.report["findings"]
            if finding["rule"] == rule
        ]


def scan(url: str, folder: Path, *options: object) -> Scanned:
    """Scan `acme` and read the JSON report."""
    token, report = folder / "token", folder / "report.json"
    token.write_text(TOKEN)
    given = ("--url", url, "--token-file", token, "--no-config", "--group", "acme")
    result = call("scan", *given, "-f", "json", "-o", report, *options)
    return Scanned(result, json.loads(report.read_text()) if report.exists() else {})
