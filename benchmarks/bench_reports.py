"""How long each format takes to write, how much memory and how large it is, for many findings.

    python benchmarks/bench_reports.py              1,000, 10,000 and 100,000 findings; a minute
    python benchmarks/bench_reports.py --full       and sarif-om's own to_json for 100,000 (80 s, 2 GB)
    python benchmarks/bench_reports.py -f sarif     only these formats

Each format and size is a process of its own; a report is written by one thread, so the seconds are
those of its processor, whatever else the machine does. Memory is the peak while the report is written above
what the process holds before it: Python, the libraries and the findings themselves.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from scopelint import engine
from scopelint.engine.counts import counted
from scopelint.finding import (
    Confidence,
    EntryRef,
    Finding,
    Outcome,
    ProjectRef,
    Severity,
    State,
    fingerprint,
)
from scopelint.model import Scan
from scopelint.registry import find_reporters, find_rules, get_reporter
from scopelint.report import ProjectCounts, ProjectOutcome, Report, RuleSummary, ScanSummary

INSTANCE = "https://gitlab.example.com"
SIZES = (1_000, 10_000, 100_000)
PEER = "sarif-om's to_json"
SERIALISER = Path(sys.prefix) / "peers" / "to_json"
GOAL_SECONDS, GOAL_MIB = 5.0, 100.0
CODES = ("SL101", "SL301", "SL302", "SL305", "SL304")
AT = datetime(2026, 8, 1, 6, tzinfo=UTC)


def report(size: int) -> Report:
    """Make a report of `size` findings on a fifth as many projects, as the engine would."""
    rules = tuple(
        RuleSummary(
            code=rule.cls.code,
            name=rule.cls.name,
            title=rule.cls.title,
            severity=rule.cls.severity,
            help_uri=rule.cls.help_uri,
            page=rule.cls().page(),
            outcomes={},
            tags=rule.cls.tags,
            cwe=rule.cls.cwe,
            owasp=rule.cls.owasp,
            subject=rule.cls.subject.value,
            change=rule.cls.remedy.change,
        )
        for rule in find_rules().values()
    )
    by_code = {rule.code: rule for rule in rules}
    made = (_finding(number, by_code) for number in range(size))
    findings = tuple(sorted(made, key=lambda one: one.sort_key))
    projects = tuple(_project(number) for number in range(size // 5))
    summary = counted(findings).summary()
    return Report(
        tool_version="0.0.0",
        scan=ScanSummary(
            Scan(INSTANCE, "18.5.0", ("acme",), "graphql", AT, AT, "off", requests=12),
            complete=True,
            projects=ProjectCounts(len(projects), len(projects), 0),
            groups=len(projects) // 10,
            entries=size,
            gaps=(),
        ),
        summary=summary,
        gate=engine.gate(summary, Severity.MEDIUM, complete=True),
        rules=rules,
        findings=findings,
        outcomes=tuple(ProjectOutcome(one, passed=()) for one in projects),
    )


def _project(number: int) -> ProjectRef:
    path = f"acme/division-{number % 7}/team-{number % 100}/service-{number}"
    return ProjectRef(1_000 + number, path, f"{INSTANCE}/{path}")


def _finding(number: int, rules: dict[str, RuleSummary]) -> Finding:
    rule = rules[CODES[number % 5]]
    project = _project(number // 5)
    entry = None if number % 5 == 0 else EntryRef("group", 50_000 + number, f"partner/g-{number}")
    key = f"{entry.kind}:{entry.id}" if entry else ""
    return Finding(
        rule=rule.code,
        name=rule.name,
        severity=rule.severity,
        confidence=Confidence.HIGH,
        verdict=Outcome.FAIL,
        message=f"{project.path}: {rule.title}, which lets {entry.path if entry else 'anybody'} in.",
        project=project,
        entry=entry,
        fingerprint=fingerprint(rule.code, INSTANCE, project.id, key),
        state=State.BASELINED if number % 50 == 0 else State.NEW,
        evidence={"projects": number % 300, "projects_exact": True, "added_by": "mia"},
        remediation="Find who really comes in the authentication log, and remove the entry.",
        key=key,
    )


def writer(name: str) -> Callable[[Report, BinaryIO], None]:
    """Return what writes a format."""
    if name == PEER:
        return _to_json
    return get_reporter(name)().render


def _to_json(what: Report, out: BinaryIO) -> None:
    """Write the same results the way sarif-om's users do: one object tree, then `to_json`."""
    import sarif_om as om
    from jschema_to_python.to_json import to_json

    from scopelint_reports.sarif import _result
    from scopelint_reports.sarif_rules import tool

    rules = {rule.code: (number, rule.severity) for number, rule in enumerate(what.rules)}
    results = [_result(one, rules, INSTANCE) for one in what.findings]
    run = om.Run(tool=tool(what.tool_version, what.rules), results=results)
    out.write(to_json(om.SarifLog(version="2.1.0", runs=[run])).encode())


def measure(name: str, size: int) -> dict[str, float]:
    """Write one report in this process; return seconds, MiB above the idle process, bytes."""
    what, render = report(size), writer(name)
    with tempfile.TemporaryDirectory() as folder:
        render(replace(what, findings=what.findings[:10], outcomes=()), _open(folder, "warm"))
        before = _forget_peak()
        with _open(folder, "report") as out:
            start = time.process_time()
            render(what, out)
            seconds = time.process_time() - start
        peak = _memory("VmHWM")
        written = (Path(folder) / "report").stat().st_size
    return {"seconds": seconds, "mib": (peak - before) / 1024, "bytes": written}


def _open(folder: str, name: str) -> BinaryIO:
    return (Path(folder) / name).open("wb")


def _forget_peak() -> int:
    """Make the present size the peak (proc(5), clear_refs) and return it in KiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {field}")


def child(name: str, size: int) -> dict[str, Any]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--measure", name, str(size)]
    places = [os.environ.get("PYTHONPATH", ""), str(SERIALISER)] if name == PEER else []
    more = {"PYTHONPATH": os.pathsep.join(filter(None, places))} if places else {}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **more}
    )
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def has_peer() -> bool:
    """Install the serialiser of sarif-om, which scopelint does without, beside everything else."""
    if SERIALISER.is_dir():
        return True
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(SERIALISER)]
    return subprocess.run([*command, "jschema-to-python"], check=False).returncode == 0


def main() -> int:
    """Print the table; return 1 where a goal is missed."""
    options = _options()
    if options.measure:
        name, size = options.measure
        print(json.dumps(measure(name, int(size))))
        return 0
    names = options.format or [*sorted(find_reporters()), PEER]
    if PEER in names and not has_peer():
        names.remove(PEER)
        print(f"{PEER} could not be installed and is left out", file=sys.stderr)
    print("| format | findings | seconds | MiB above idle | MB | goal |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    missed = 0
    for name in names:
        for size in SIZES:
            if name == PEER and size > 10_000 and not options.full:
                continue
            said = child(name, size)
            goal = _goal(name, size, said)
            missed += goal == "missed"
            print(
                f"| {name} | {size:,} | {said['seconds']:.2f} | {said['mib']:.0f}"
                f" | {said['bytes'] / 1e6:.1f} | {goal} |",
                flush=True,
            )
    return int(bool(missed))


def _goal(name: str, size: int, said: dict[str, Any]) -> str:
    if name == PEER or size != SIZES[-1]:
        return ""
    quick = said["seconds"] <= GOAL_SECONDS
    return "met" if quick and said["mib"] <= GOAL_MIB else "missed"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--full", action="store_true", help=f"{PEER} for 100,000 findings too")
    parser.add_argument("-f", "--format", action="append", help="only this format; repeatable")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
