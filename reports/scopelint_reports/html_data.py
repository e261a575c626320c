"""The findings as the HTML report carries them: columns over interned values, small and inert.

The block is JSON in a `<script type="application/json">` that no browser runs. `<`, `>` and `&`
are written as escapes, so no text in it can end the element. Past `GZIP_FROM` bytes it holds a
gzip stream in base64 instead, which the page unpacks. A fingerprint is 64 hex digits that do not
compress: where it follows from rule, instance, project and key it is left out and the page
computes it.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from scopelint.finding import EntryRef, Finding, Outcome, Severity, State, fingerprint
from scopelint.report import Report, RuleSummary
from scopelint.text import script_json, visible, visible_lines
from scopelint_reports.changes import base_commands
from scopelint_reports.csv_report import COLUMNS, run_cells
from scopelint_reports.html_digest import Digest
from scopelint_reports.html_overview import group_rows
from scopelint_reports.location import web_link
from scopelint_reports.summary import gap_subject, label

GZIP_FROM = 150_000
"""Bytes of JSON from which the block is compressed."""
MOST_FINDINGS = 250_000
"""Findings a page can hold and still open quickly; the JSON report holds all."""

ENTRY_MARK, PROJECT_MARK = "\x01", "\x02"
"""Stand in a message, a remedy and evidence for the paths of the finding's entry and project."""

_GZIP_WBITS = 31  # zlib writes gzip's frame, its time stamp zero
_LEVELS = {level: rank for rank, level in enumerate(Severity)}
_STATES = {state: rank for rank, state in enumerate(State)}
_LIMITS = {False: 0, True: 1, None: 2}
_CHUNK = 20_000


class _Pool:
    """Numbers values in the order they come; equal values share a number."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._numbers)


class _Columns:
    """Findings turned into columns of numbers over pools of values."""

    def __init__(self, instance: str, fresh: frozenset[str]) -> None:
        self._instance = instance
        self._fresh = fresh
        self.strings = _Pool()
        self.projects = _Pool()
        self.entries = _Pool()
        self.evidence = _Pool()
        self.rules = _Pool()
        self.waivers = _Pool()
        names = ("rule", "name", "level", "severity", "confidence", "verdict", "state", "project")
        more = (
            "entry",
            "text",
            "evidence",
            "fix",
            "key",
            "print",
            "waiver",
            "owner",
            "carried",
            "fresh",
        )
        self.columns: dict[str, list[Any]] = {name: [] for name in names + more}

    def add(self, finding: Finding) -> None:
        """Append one finding."""
        key, known = self._key(finding)
        row = (
            self.rules(visible(finding.rule)),
            self.strings(visible(finding.name)),
            _LEVELS[label(finding)],
            _LEVELS[finding.severity],
            self.strings(str(finding.confidence)),
            int(finding.verdict is Outcome.UNKNOWN),
            _STATES[finding.state],
            self._project(finding),
            self._entry(finding),
            self.strings(_marked(visible(finding.message), finding)),
            self.evidence(_evidence(finding)),
            self.strings(_marked(visible_lines(finding.remediation).strip(), finding)),
            key,
            0 if known else visible(finding.fingerprint),
            self._waiver(finding),
            self.strings(visible(finding.owner)) if finding.owner else -1,
            self.strings(_iso(finding.carried.last_seen)) if finding.carried else -1,
            int(finding.fingerprint in self._fresh),
        )
        for column, value in zip(self.columns.values(), row, strict=True):
            column.append(value)

    def _project(self, finding: Finding) -> int:
        project = finding.project
        if project is None:
            return -1
        path = visible(project.path)
        derived = project.web_url == f"{self._instance}/{path}"
        return self.projects((project.id, path, 0 if derived else web_link(project.web_url)))

    def _entry(self, finding: Finding) -> int:
        return -1 if finding.entry is None else self.entry(finding.entry)

    def entry(self, entry: EntryRef) -> int:
        """Return the number of an entry's target."""
        return self.entries((entry.kind, entry.id, visible(entry.path) if entry.path else None))

    def _waiver(self, finding: Finding) -> int:
        waiver = finding.waiver
        if waiver is None:
            return -1
        parts = (waiver.reason, waiver.expires, waiver.owner)
        return self.waivers(tuple(part and visible(part) for part in parts))

    def _key(self, finding: Finding) -> tuple[int, bool]:
        """Return the key's string number (-1: the entry's own key), and whether it proves right."""
        entry = finding.entry
        own = f"{entry.kind}:{entry.id}" if entry else ""
        # A report read back from JSON has lost the keys; the built-in ones can be tried.
        for key in dict.fromkeys((finding.key or own, own, "", "outbound")):
            project_id = finding.project.id if finding.project else None
            if finding.fingerprint == fingerprint(finding.rule, self._instance, project_id, key):
                return (-1 if key == own else self.strings(key)), True
        return -1, False


def _marked(text: str, finding: Finding) -> str:
    """Return a clean text, the entry's and the project's path replaced by a control character.

    Paths stand once in their own pools; a clean text holds no control character of its own.
    """
    for path, mark in _marks(finding):
        text = text.replace(path, mark)
    return text


def _marks(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.entry and finding.entry.path:
        yield visible(finding.entry.path), ENTRY_MARK
    if finding.project and finding.project.path:
        yield visible(finding.project.path), PROJECT_MARK


def _evidence(finding: Finding) -> str:
    if not finding.evidence:
        return "{}"
    text = json.dumps(finding.evidence, ensure_ascii=True, separators=(",", ":"), default=str)
    if "\\" in text:  # something beside printable ASCII
        cleaned = _cleaned(json.loads(text))
        text = json.dumps(cleaned, separators=(",", ":"), ensure_ascii=False)
    # Where a path is a whole value; a colon before a quote stands in no text, there it is escaped.
    for path, mark in _marks(finding):
        text = text.replace(f":{_json(path)}", f":{json.dumps(mark)}")
    return text


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return visible_lines(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {visible(key): _cleaned(item) for key, item in value.items()}
    return value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _array(values: Iterable[Any], *, raw: bool = False) -> Iterator[str]:
    """Yield a JSON array in pieces; `raw` values are JSON already."""
    yield "["
    walk, comma = iter(values), ""
    while part := list(islice(walk, _CHUNK)):
        yield comma + (",".join(part) if raw else _json(part)[1:-1])
        comma = ","
    yield "]"


def _pieces(
    report: Report,
    findings: Iterable[Finding],
    seen: Digest,
    steps: Sequence[tuple[str, str]],
) -> Iterator[str]:
    scan = report.scan.scan
    columns = _Columns(scan.instance, frozenset(report.since.new if report.since else ()))
    for finding in islice(findings, MOST_FINDINGS):
        columns.add(finding)
    rules = {visible(rule.code): rule for rule in report.described_rules}
    lists = [
        [
            visible(each.project.path),
            _LIMITS[each.limit],
            int(each.whole),
            [columns.entry(entry) for entry in each.entries],
        ]
        for each in report.allowlists or ()
    ]
    head = {
        "instance": scan.instance,
        "tool": report.tool_version,
        "rules": [_rule(code, rules.get(code)) for code in columns.rules],
        "csv": {"columns": COLUMNS, "run": run_cells(report)},
        "plan": [visible(command) for command in base_commands(report, steps)],
    }
    yield _json(head)[:-1]
    for name in ("strings", "projects", "entries", "waivers"):
        yield f',"{name}":'
        yield from _array(getattr(columns, name))
    yield ',"evidence":'
    yield from _array(columns.evidence, raw=True)
    yield ',"columns":{'
    for position, (name, values) in enumerate(columns.columns.items()):
        yield f'{"," if position else ""}"{name}":'
        yield from _array(values)
    yield '},"groups":'
    yield from _array(group_rows(report.overview, seen.failing_below()))
    yield ',"lists":'
    yield from _array(lists)
    yield ',"gaps":'
    yield from _array(
        (str(gap.fact), str(gap.reason), gap_subject(gap), visible(gap.detail))
        for gap in report.scan.gaps
    )
    yield "}"


def _rule(code: str, rule: RuleSummary | None) -> list[Any]:
    """Return a rule as the page knows it: code, title, requirement, kind of change, unsafe."""
    if rule is None:
        return [code, "", "", "", 0]
    change = rule.change
    kind, unsafe = (change.kind, change.unsafe) if change else ("", False)
    return [code, visible(rule.title), visible(rule.requirement), kind, int(unsafe)]


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def data_block(
    report: Report,
    findings: Iterable[Finding],
    seen: Digest,
    steps: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the JSON text for the page's data element, plain or as `{"gzip": "<base64>"}`.

    At most `MOST_FINDINGS` findings go in. The same report gives the same text.
    """
    plain: list[str] | None = []
    size = 0
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP_WBITS)
    packed = bytearray()
    for piece in _pieces(report, findings, seen, steps):
        text = script_json(piece)
        data = text.encode("utf-8")
        packed += packer.compress(data)
        size += len(data)
        if plain is not None:
            plain.append(text)
            if size >= GZIP_FROM:
                plain = None
    if plain is not None:
        return "".join(plain)
    packed += packer.flush()
    return '{"gzip":"' + base64.b64encode(packed).decode("ascii") + '"}'
