"""Since GitLab 18.1 a project's own jobs stand in its log: nobody may take them for another's use."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import call

INSTANCES = Path(__file__).parent / "instances"


def told(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Collect an instance with its log, judge it and suggest; return what was found."""
    with Simulator(load_instance(INSTANCES / f"{name}.yml")) as gitlab:
        monkeypatch.setenv("GITLAB_TOKEN", "glpat-root")
        call("collect", "acme", "--url", gitlab.url, "--usage", "-o", name).expect(0)
    report = json.loads(call("check", name, "--select", "SL", "-f", "json").out)
    plan = f"{name}.plan"
    words = call("suggest", name, "-o", plan, "--min-log-days", 0).out
    planned = json.loads(Path(plan).read_text("utf-8"))
    return {
        "findings": [
            {key: each[key] for key in ("rule", "verdict", "entry", "message", "evidence")}
            | {"project": each["project"] and each["project"]["path"]}
            for each in report["findings"]
        ],
        "rules": report["rules"],
        # Hashes and web addresses hold the server's address, which is another one each time.
        "words": re.sub(r"http://[^/\s\"]+", "", words).replace(name, "NAME"),
        "projects": re.sub(r"http://[^/]+|[0-9a-f]{64}", "", json.dumps(planned["projects"])),
    }


@pytest.mark.usefixtures("place")
def test_own_uses_change_no_finding_and_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    with_own, without = told("selflog", monkeypatch), told("noself", monkeypatch)
    for part, found in without.items():
        assert json.dumps(with_own[part]).replace("selflog", "noself") == json.dumps(found), part
    assert without["findings"]


@pytest.mark.usefixtures("place")
def test_the_time_of_the_last_own_use_is_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    told("selflog", monkeypatch)
    with open_snapshots([Path("selflog")]) as source:
        projects = {each.path: each.scope for each in Inventory(source).projects()}
    shop, site = projects["acme/web/shop"], projects["acme/web/a"]
    assert shop is not None
    assert site is not None
    assert shop.uses == ()
    assert str(shop.own_token_last_used) == "2026-11-26 10:00:00+00:00"
    assert site.own_token_last_used is None


@pytest.mark.usefixtures("place")
def test_an_own_entry_that_would_limit_jobs_which_use_their_token_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = told("own-entry", monkeypatch)
    assert found["projects"] == "[]"
    [skipped] = json.loads(Path("own-entry.plan").read_text("utf-8"))["skipped"]
    assert skipped["path"] == "acme/app"
    assert "its jobs used their token, last on 2026-11-26" in skipped["reason"]
    call("export", "jsonl", "own-entry", "-o", "rows").expect(0)
    assert '"own_token_last_used": "2026-11-26T10:00:00Z"' in Path("rows").read_text(
        "utf-8"
    ).replace('":"', '": "')
