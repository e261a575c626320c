"""The baseline from end to end: made, given back, kept up; stable where nothing really changed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scopelint_simulator import Simulator, load_instance
from tests.cli.kit import INVENTORY, call

RULES = ("--select", "SL101,SL301,SL305,SL9")


@contextmanager
def instance(text: str, port: int = 0) -> Iterator[Simulator]:
    """Run an inventory, at an address that another one had before."""
    with Simulator(load_instance(text), port=port) as simulator:
        yield simulator
        assert simulator.crashes == []


def scan(url: str, *args: object, code: int) -> Any:
    given = ("scan", "acme", "mid", "part", "--url", url, "-q", "-f", "json", *RULES)
    Path("report.json").write_bytes(call(*given, *args).expect(code).raw)
    return json.loads(Path("report.json").read_bytes())


def new(data: Any) -> list[str]:
    return sorted(
        f"{each['rule']} {(each['project'] or {'path': '-'})['path']}"
        for each in data["findings"]
        if each["state"] == "new"
    )


def lines(path: str = "known.json") -> list[str]:
    data = json.loads(Path(path).read_text())
    return sorted(f"{each['rule']} {each['project'] or '-'}" for each in data["findings"])


ALL = [
    "SL101 acme/web/site",
    "SL301 acme/web/shop",
    "SL305 mid/one",
    "SL901 part/bad",
    "SL902 -",
]


@pytest.fixture
def port(token: str) -> int:
    """Make a baseline of all there is; return the port that its instance had."""
    del token
    with instance(INVENTORY) as gitlab:
        assert new(scan(gitlab.url, code=1)) == ALL
        made = call("baseline", "create", "report.json", "-o", "known.json").expect(0)
        assert made.out == ""
        return int(gitlab.url.rpartition(":")[2])


def changed(*pairs: tuple[str, str]) -> str:
    text = INVENTORY
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    return text


def again(port: int, *pairs: tuple[str, str], code: int, args: tuple[object, ...] = ()) -> Any:
    """Scan the changed inventory with the baseline."""
    with instance(changed(*pairs), port) as gitlab:
        return scan(gitlab.url, "--baseline", "known.json", *args, code=code)


def test_what_is_known_does_not_gate(port: int) -> None:
    assert lines() == ALL
    data = again(port, code=0)
    assert new(data) == []
    assert data["summary"]["baselined"] == len(data["findings"]) >= 5
    assert (data["summary"]["high"], data["gate"]["result"]) == (0, "pass")
    # What could not be read is known too: the scan is incomplete and nothing about it is new.
    assert (data["scan"]["complete"], data["gate"]["gaps_accepted"]) == (False, True)
    call("gate", "report.json").expect(0)
    hidden = again(port, code=0, args=("--new-only",))
    assert (hidden["findings"], hidden["summary"]) == ([], data["summary"])
    call("gate", "report.json").expect(0)


def test_only_what_is_new_gates(port: int) -> None:
    tool = ("path: acme/tool}", "path: acme/tool, scope: {inbound: false}}")
    data = again(port, tool, code=1)
    assert new(data) == ["SL101 acme/tool"]
    assert data["gate"]["reasons"] == ["1 high"]
    assert [
        each["rule"] for each in again(port, tool, code=1, args=("--new-only",))["findings"]
    ] == ["SL101"]


def test_another_unreadable_project_is_news(port: int) -> None:
    data = again(port, ("path: part/good}", "path: part/good, fails: always}"), code=3)
    assert new(data) == ["SL901 part/good"]
    assert data["gate"]["result"] == "incomplete"


def test_renames_order_and_the_way_of_reading_play_no_part(port: int) -> None:
    renamed = (
        ("path: acme/web/shop, name", "path: acme/web/store, name"),
        ("path: acme/web/site", "path: acme/web/page"),
        ("path: mid/one", "path: mid/uno"),
        ("path: part/bad", "path: part/worse"),
    )
    for api in ("graphql", "rest"):
        assert new(again(port, *renamed, code=0, args=("--api", api))) == []
        args = ("--api", api, "--page-size", "1", "-j", "1")
        assert new(again(port, *renamed, code=0, args=args)) == []
    body, _, projects = INVENTORY.partition("projects:\n")
    turned = body + "projects:\n" + "".join(f"{x}\n" for x in reversed(projects.splitlines()))
    with instance(turned, port) as gitlab:
        assert new(scan(gitlab.url, "--baseline", "known.json", code=0)) == []


def test_a_severity_that_rose_is_new_again(port: int) -> None:
    for severity, code in (("low", 0), ("medium", 0), ("high", 1), ("critical", 1)):
        Path("scopelint.yml").write_text(f"severity: {{SL305: {severity}}}\n")
        assert new(again(port, code=code)) == (["SL305 mid/one"] if code else [])


def test_a_baseline_of_another_instance_is_refused(port: int, snapshot: Path) -> None:
    # The snapshot is of the simulator that all tests share, at its own port.
    said = call("check", snapshot, "--baseline", "known.json").expect(2).err
    assert f"http://127.0.0.1:{port}" in said
    assert "different instances" in said
    with instance(INVENTORY) as other:
        given = ("scan", "acme", "--url", other.url, "--baseline", "known.json")
        call(*given).expect(2, "known.json", other.url, str(port))
        assert other.counts.total() == 0
    call("check", snapshot, "--exit-zero", "-f", "json", "-o", "other.json").expect(0)
    for command in ("update", "prune"):
        call("baseline", command, "other.json", "-o", "known.json").expect(2, str(port))


def test_prune_drops_what_is_fixed_and_update_takes_in_what_is_new(port: int) -> None:
    before = lines()
    again(
        port,
        ("path: acme/web/site, scope: {inbound: false}}", "path: acme/web/site}"),
        ("path: acme/tool}", "path: acme/tool, scope: {inbound: false}}"),
        code=1,
    )
    pruned = [line for line in before if line != "SL101 acme/web/site"]
    said = call("baseline", "prune", "report.json", "-o", "known.json").expect(0).err
    assert f"known.json: {len(pruned)} findings, 0 added, 1 dropped" in said
    assert lines() == pruned
    call("baseline", "update", "report.json", "-o", "next.json", "--baseline", "known.json").expect(
        0, "1 added, 0 dropped"
    )
    assert lines("next.json") == sorted([*pruned, "SL101 acme/tool"])
    assert lines() == pruned
    text = Path("next.json").read_text()
    call("baseline", "update", "report.json", "-o", "next.json").expect(0, "0 added, 0 dropped")
    assert Path("next.json").read_text() == text


@pytest.mark.parametrize("command", ["prune", "update"])
@pytest.mark.parametrize(
    ("filters", "dropped"),
    [
        (("--exclude", "acme/web/*"), []),
        (("--include", "acme/tool"), []),
        (("--archived", "exclude"), []),
        (("--include", "acme/**"), ["SL101 acme/web/site"]),
        ((), ["SL101 acme/web/site"]),
    ],
)
def test_what_filters_left_out_is_kept(
    port: int, command: str, filters: tuple[str, ...], dropped: list[str]
) -> None:
    """A scan of a part cannot tell that what it did not look at is fixed."""
    before = lines()
    mended = ("path: acme/web/site, scope: {inbound: false}}", "path: acme/web/site}")
    with instance(changed(mended), port) as gitlab:
        scan(gitlab.url, "--exit-zero", *filters, code=0)
    call("baseline", command, "report.json", "-o", "known.json").expect(0)
    assert lines() == [line for line in before if line not in dropped]


@pytest.mark.parametrize("command", ["prune", "update"])
def test_what_could_not_be_judged_is_kept(port: int, command: str) -> None:
    before = lines()
    again(
        port,
        ("path: acme/web/site, scope: {inbound: false}}", "path: acme/web/site, fails: always}"),
        code=3,
    )
    call("baseline", command, "report.json", "-o", "known.json").expect(0)
    taken = ["SL901 acme/web/site"] if command == "update" else []
    assert lines() == sorted([*before, *taken])


def test_rules_and_targets_that_were_left_out_drop_nothing(port: int) -> None:
    before = lines()
    with instance(
        changed(("path: acme/web/site, scope: {inbound: false}}", "path: acme/web/site}")), port
    ) as gitlab:
        given = (
            "scan",
            "--url",
            gitlab.url,
            "-q",
            "--exit-zero",
            "-f",
            "json",
            "-o",
            "report.json",
        )
        call(*given, "mid").expect(0)
        call("baseline", "prune", "report.json", "-o", "known.json").expect(0)
        assert lines() == before
        call(*given, "acme", "--select", "SL3").expect(0)
        call("baseline", "prune", "report.json", "-o", "known.json").expect(0)
        assert lines() == before
        call(*given, "acme", "--select", "SL1").expect(0)
        call("baseline", "prune", "report.json", "-o", "known.json").expect(0)
        assert lines() == [line for line in before if line != "SL101 acme/web/site"]


def test_what_an_override_leaves_out_is_kept(port: int, place: Path) -> None:
    before = lines()
    (place / "scopelint.yml").write_text(
        'overrides: [{projects: ["acme/web/**"], ignore: [SL101]}]\n', encoding="utf-8"
    )
    with instance(INVENTORY, port) as gitlab:
        given = ("--url", gitlab.url, "-q", "--exit-zero", "-f", "json", "-o", "report.json")
        call("scan", "acme", *given).expect(0)
    call("baseline", "prune", "report.json", "-o", "known.json").expect(0)
    assert lines() == before


def test_a_report_that_hides_something_makes_no_baseline(port: int) -> None:
    kept = Path("known.json").read_bytes()
    hiding: tuple[tuple[object, ...], ...] = (("--min-severity", "high"), ("--new-only",))
    for hidden in hiding:
        with instance(INVENTORY, port) as gitlab:
            scan(gitlab.url, "--baseline", "known.json", *hidden, code=0)
        for command in ("update", "prune"):
            call("baseline", command, "report.json", "-o", "known.json").expect(
                2, "does not list every finding"
            )
    assert Path("known.json").read_bytes() == kept


def test_waived_findings_are_not_taken_in(port: int) -> None:
    Path("scopelint.yml").write_text(
        "waivers: [{rule: SL301, project: '**', reason: r, expires: 2099-12-31}]\n"
    )
    again(port, code=0)
    call("baseline", "update", "report.json", "-o", "known.json").expect(0, "1 dropped")
    assert not any("SL301" in line for line in lines())
    assert new(again(port, code=0)) == []
    call("baseline", "create", "report.json", "-o", "made.json").expect(0)
    assert lines("made.json") == lines()


def test_wrong_calls(port: int, place: Path) -> None:
    del port
    kept = Path("known.json").read_bytes()
    call("baseline", "create", "report.json", "-o", "known.json").expect(2, "is already there")
    call("baseline", "create", "report.json").expect(2, "--output")
    call("baseline", "create", "missing.json", "-o", "x.json").expect(2, "missing.json")
    call("baseline", "create", "known.json", "-o", "x.json").expect(2, "not a scopelint JSON")
    call("baseline", "create", "report.json", "-o", place).expect(2, "is a folder")
    call("baseline", "create", "report.json", "-o", "no/x.json").expect(2, "there is no folder")
    call("baseline", "update", "report.json", "-o", "report.json").expect(2, "is the report itself")
    call("baseline", "update", "report.json", "-o", "x.json").expect(2, "cannot be read")
    Path("x.json").write_text("{}")
    call("baseline", "prune", "report.json", "-o", "x.json").expect(2, "not a scopelint baseline")
    assert Path("x.json").read_text() == "{}"
    assert Path("known.json").read_bytes() == kept


def test_wrong_baselines_of_a_check(port: int, snapshot: Path, place: Path) -> None:
    del port
    call("check", snapshot, "--new-only").expect(2, "--new-only needs --baseline")
    call("check", snapshot, "--baseline", "no.json").expect(2, "no.json")
    call("check", snapshot, "--baseline", place).expect(2, "cannot be read")
    call("check", snapshot, "--baseline", "report.json").expect(2, "not a scopelint baseline")
    given = ("check", snapshot, "--baseline", "known.json", "-f", "json")
    call(*given, "-o", "known.json").expect(2, "would replace the baseline")
