"""What the cases share: a GitLab whose instance and answers a test changes between requests."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from scopelint_simulator import Simulator, load_instance
from scopelint_simulator.answer import Answer
from scopelint_simulator.faults import Faults, Verdict
from scopelint_simulator.request import Request
from tests.cli.kit import Result, call

INPUTS = Path(__file__).parent / "inputs"
Before: TypeAlias = Callable[[Request], None]
After: TypeAlias = Callable[[Request, Answer], Answer]


class GitLab(Simulator):
    """The simulator over an input file or a mapping; `before` and `after` see every request.

    `before` may change the instance, `after` returns the answer that is sent instead.
    """

    def __init__(
        self,
        source: str | Mapping[str, Any],
        *,
        before: Before | None = None,
        after: After | None = None,
        faults: Faults | None = None,
        port: int = 0,
    ) -> None:
        data = source if isinstance(source, Mapping) else load(source)
        super().__init__(load_instance(data), faults=faults, port=port)
        self.before, self.after = before, after
        self.token = next(iter(self.instance.tokens))

    def answer(self, request: Request, full_path: str) -> tuple[Answer, Verdict]:
        if self.before is not None:
            self.before(request)
        answer, verdict = super().answer(request, full_path)
        return (self.after(request, answer) if self.after else answer), verdict

    def run(self, *args: object, token: str | None = None) -> Result:
        """Run a command against this GitLab."""
        Path("token").write_text(token or self.token, encoding="utf-8")
        return call(*args, "--url", self.url, "--token-file", "token")

    def report(self, *args: object, token: str | None = None) -> tuple[int, dict[str, Any]]:
        """Scan; return the exit code and the JSON report."""
        done = self.run("scan", *args, "-f", "json", token=token)
        assert done.raw, done.text
        assert "scopelint itself failed" not in done.err, done.err
        report: dict[str, Any] = json.loads(done.raw)
        return done.code, report


def load(name: str) -> dict[str, Any]:
    """Read an input file."""
    found: dict[str, Any] = yaml.safe_load((INPUTS / name).read_text(encoding="utf-8"))
    return found


def group_of(
    projects: int, *, version: str = "18.5.0", open_ones: int = 0, enforce: bool = False
) -> dict[str, Any]:
    """Make an instance with one group; its newest projects, which GitLab lists first, are open."""
    return {
        "gitlab": {"version": version, "enforce_inbound": enforce},
        "users": [{"username": "auditor"}],
        "tokens": [{"token": "glpat-cases-auditor", "user": "auditor", "scopes": ["read_api"]}],
        "roles": [
            {"user": "auditor", "on": "acme", "role": "maintainer"},
            {"user": "auditor", "on": "other", "role": "maintainer"},
        ],
        "groups": [{"id": 10, "path": "acme"}, {"id": 11, "path": "other"}],
        "projects": [
            {
                "id": 100 + number,
                "path": f"acme/p{100 + number}",
                "scope": {"inbound": number < projects - open_ones},
            }
            for number in range(projects)
        ],
    }


def replaced(pattern: str, change: Callable[[Any], Any]) -> After:
    """Make an `after` that changes the JSON of the answers whose path matches a pattern."""

    def after(request: Request, answer: Answer) -> Answer:
        if re.search(pattern, request.path) and answer.status == 200:
            answer.body = json.dumps(change(json.loads(answer.body))).encode()
        return answer

    return after


def failed(report: Mapping[str, Any], code: str, verdict: str = "fail") -> set[str]:
    """Return the paths of the projects of which a report says this."""
    return {
        finding["project"]["path"]
        for finding in report["findings"]
        if finding["rule"] == code and finding["verdict"] == verdict and finding["project"]
    }


def gaps(report: Mapping[str, Any]) -> set[str]:
    """Return the facts of a report's gaps."""
    return {gap["fact"] for gap in report["scan"]["gaps"]}
