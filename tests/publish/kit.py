"""What the tests of `publish` share: an instance, reports of it, and what was delivered."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scopelint.testing import write
from scopelint_simulator import Simulator
from scopelint_simulator.delivery import Issue
from tests.cli.kit import Result, call

PUBLISHER = "glpat-publish-bot"
OTHER = "glpat-publish-other"
READER = "glpat-publish-reader"
GUEST = "glpat-publish-guest"
SECRET = "control-secret-of-the-tests"
OPEN: dict[str, Any] = {"inbound_own": False, "inbound_effective": False}
CLOSED: dict[str, Any] = {}
UNREAD: dict[str, Any] = {"unreadable": "forbidden"}
INSTANCE = f"""
gitlab: {{version: "19.3.0"}}
users:
  - {{username: bot}}
  - {{username: other}}
  - {{username: guest}}
tokens:
  - {{token: {PUBLISHER}, user: bot, scopes: [api]}}
  - {{token: {READER}, user: bot, scopes: [read_api]}}
  - {{token: {OTHER}, user: other, scopes: [api]}}
  - {{token: {GUEST}, user: guest, scopes: [api]}}
roles:
  - {{user: bot, on: acme, role: reporter}}
  - {{user: other, on: acme, role: reporter}}
  - {{user: guest, on: acme, role: guest}}
groups: [{{path: acme}}, {{path: acme/web}}, {{path: acme/lib}}]
projects:
  - {{id: 1, path: acme/security}}
  - {{id: 2, path: acme/web/issues}}
  - {{id: 3, path: acme/off, access_levels: {{issues: disabled}}}}
  - {{id: 11, path: acme/web/shop}}
  - {{id: 12, path: acme/web/till}}
  - {{id: 13, path: acme/lib/core}}
  - {{id: 14, path: acme/lib/more}}
merge_requests: [{{project: acme/security, iid: 7}}]
controls: [{{id: 5, secret: {SECRET}, projects: [acme/web/shop, acme/web/till, acme/lib/core]}}]
"""
NUMBERS = {"acme/web/shop": 11, "acme/web/till": 12, "acme/lib/core": 13, "acme/lib/more": 14}
OWNERS = """
owners:
  - {projects: ["acme/web/**"], owner: web, contact: "@acme/web-leads", issues: acme/web/issues}
  - {projects: ["acme/lib/**"], owner: lib}
"""
FIRST = datetime.fromisoformat("2024-11-20T06:00:00+00:00")


def report(
    gitlab: Simulator,
    folder: Path,
    day: int,
    projects: Mapping[str, Mapping[str, Any]],
    *options: str,
    config: str = OWNERS,
    unavailable: Mapping[str, str] | None = None,
) -> Path:
    """Write the report of a scan of `acme` on that day; `projects` are their descriptions by path."""
    at = (FIRST + timedelta(days=day)).isoformat()
    ids = {path: {"id": NUMBERS[path]} for path in projects if path in NUMBERS}
    described = {path: {**ids.get(path, {}), **each} for path, each in projects.items()}
    snapshot, path = folder / f"{day}.snapshot", folder / f"{day}.json"
    snapshot.unlink(missing_ok=True)
    write(
        {
            "instance": gitlab.url,
            "started_at": at,
            "finished_at": at,
            "projects": described,
            "unavailable": dict(unavailable or {}),
        },
        snapshot,
    )
    (folder / "owners.yml").write_text(config)
    given = ("--config", folder / "owners.yml", "--exit-zero", "-q", "-f", "json", "-o", path)
    call("check", snapshot, *given, *options).expect(0)
    return path


def publish(gitlab: Simulator, *words: object, code: int = 0) -> Result:
    """Run `publish` against the simulator."""
    gitlab.reset_counts()
    return call("publish", *words, "--url", gitlab.url, "--no-config").expect(code)


def steps(result: Result) -> list[dict[str, Any]]:
    """Return the steps of a `-f json` answer."""
    found: list[dict[str, Any]] = json.loads(result.out)["steps"]
    return found


def issues(gitlab: Simulator, project: str) -> list[Issue]:
    """Return the issues of a project, oldest first."""
    found = gitlab.instance.project_at(project)
    assert found is not None
    return gitlab.instance.delivery.issues.get(found.id, [])
