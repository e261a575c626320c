"""GitLab's ingest of security reports, restated from its documentation: a checker for tests.

`sarif` follows the page "SARIF reports" (GitLab 19.2): what is rejected, what is dropped, of which
type and severity the rest is. `merged` follows the deduplication of the security report formats:
which findings are dropped as another one's double.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

MAX_BYTES = 10_000_000
RUNS, RESULTS, RULES, TAGS = 20, 5_000, 25_000, 10
NAME, TEXT, URI = 255, 1_024, 2_048
SECRET_DETECTION = {798, 259, 321, 522, 312, 319, 256, 257, 540}
LEVELS = {"error": "high", "warning": "medium", "note": "low", "none": "info"}

_CWE = re.compile(r"(?i)CWE-(\d+)")
_TYPING_TAG = re.compile(r"(?i)(cwe|cve)[:-](.+)")


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """What GitLab makes of one result."""

    rule: str
    report_type: str
    severity: str
    title: str
    identity: tuple[str, str, str]


@dataclass(slots=True)
class Ingested:
    """What GitLab makes of a file. `rejected` says why nothing was taken."""

    rejected: str = ""
    vulnerabilities: list[Vulnerability] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    suppressed: int = 0


def sarif(data: bytes) -> Ingested:
    """Ingest a SARIF file as GitLab 19.2 does."""
    ingested = Ingested()
    document = json.loads(data)
    ingested.rejected = _reason(data, document)
    if ingested.rejected:
        return ingested
    results = 0
    for run in document["runs"]:
        rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
        results += len(run["results"])
        for number, result in enumerate(run["results"]):
            _take(ingested, number, result, rules, run["tool"]["driver"]["name"])
    if len(ingested.dropped) * 2 > results:
        ingested.rejected = f"{len(ingested.dropped)} of {results} results were dropped"
    return ingested


def shown(data: bytes) -> list[Vulnerability]:
    """Return what is left of a SARIF file after GitLab 19 has stored what the job found.

    Findings are stored once for a job, scan type and tool name. Another run of the same finds
    some stored, takes back the mark that makes those the newest, and stores none: no finding of
    this scan type and tool is shown then, and each known one counts as no longer detected.
    """
    document = json.loads(data)
    stored: dict[tuple[str, str], list[Vulnerability]] = {}
    whole = sarif(data)
    if whole.rejected:
        return []
    for run in document["runs"]:
        tool = run["tool"]["driver"]["name"]
        one = sarif(json.dumps({**document, "runs": [run]}).encode())
        for kind in {found.report_type for found in one.vulnerabilities} or {"sast"}:
            of_kind = [found for found in one.vulnerabilities if found.report_type == kind]
            stored[kind, tool] = [] if (kind, tool) in stored else of_kind
    return [found for each in stored.values() for found in each]


def no_longer_detected(before: Iterable[str], report: Mapping[str, Any]) -> set[str]:
    """Return the ids of findings that GitLab calls so: those the newest report does not have."""
    return set(before) - {item["id"] for item in report["vulnerabilities"]}


def _reason(data: bytes, document: Mapping[str, Any]) -> str:
    runs = document["runs"]
    if document["version"] != "2.1.0":
        return "version"
    if len(data) > MAX_BYTES:
        return "size"
    if len(runs) > RUNS:
        return "runs"
    if any(len(run["tool"]["driver"]["rules"]) > RULES for run in runs):
        return "rules"
    return ""


def _take(
    ingested: Ingested,
    number: int,
    result: Mapping[str, Any],
    rules: Mapping[str, Mapping[str, Any]],
    tool: str,
) -> None:
    if _is_suppressed(result.get("suppressions", ())):
        ingested.suppressed += 1
        return
    rule = rules.get(result.get("ruleId", ""), {})
    why = _why_dropped(number, result, rule)
    if why:
        ingested.dropped.append(why)
        return
    place = result["locations"][0]["physicalLocation"]
    region = place["region"]
    spot = f"{place['artifactLocation']['uri']}:{region['startLine']}:{region.get('endLine', '')}"
    key = f"{tool.lower()}:{result['ruleId']}"
    report_type = _type(result, rule)
    identity = (report_type, sha1(key.encode()).hexdigest(), sha1(spot.encode()).hexdigest())
    title = rule.get("shortDescription", result["message"])["text"]
    found = Vulnerability(result["ruleId"], report_type, _severity(result, rule), title, identity)
    ingested.vulnerabilities.append(found)


def _is_suppressed(suppressions: Iterable[Mapping[str, Any]]) -> bool:
    states = [one.get("status", "accepted") for one in suppressions]
    return bool(states) and not {"underReview", "rejected"} & set(states)


def _why_dropped(number: int, result: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    if number >= RESULTS:
        return "more than 5,000 results in the run"
    if not result.get("ruleId"):
        return "no ruleId"
    if not result.get("locations") or "physicalLocation" not in result["locations"][0]:
        return "no physical location"
    lengths = {
        "name": (len(rule.get("name", "")), NAME),
        "shortDescription": (len(rule.get("shortDescription", {}).get("text", "")), TEXT),
        "fullDescription": (len(rule.get("fullDescription", {}).get("text", "")), TEXT),
        "message": (len(result["message"]["text"]), TEXT),
        "helpUri": (len(rule.get("helpUri", "")), URI),
        "tags": (len(rule.get("properties", {}).get("tags", ())), TAGS),
    }
    return next((f"{name} too long" for name, (size, most) in lengths.items() if size > most), "")


def _type(result: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    tags = [_TYPING_TAG.match(tag) for tag in rule.get("properties", {}).get("tags", ())]
    read = [(match[1].lower(), match[2]) for match in tags if match]
    if any(kind == "cve" for kind, _ in read):
        return "dependency_scanning"
    numbers = {int(rest) for kind, rest in read if kind == "cwe" and rest.isdigit()}
    numbers |= {int(number) for number in _CWE.findall(result["ruleId"])}
    for relation in rule.get("relationships", ()):
        target = relation["target"]
        if target.get("toolComponent", {}).get("name") == "CWE":
            numbers.add(int(target["id"].rpartition("-")[2]))
    return "secret_detection" if numbers & SECRET_DETECTION else "sast"


def _severity(result: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    if "rank" in result:
        return _bucket(float(result["rank"]))
    for holder in (rule, result):
        if "security-severity" in holder.get("properties", {}):
            return _bucket(float(holder["properties"]["security-severity"]) * 10)
    usual = rule.get("defaultConfiguration", {}).get("level")
    return LEVELS[result.get("level") or usual or "warning"]


def _bucket(rank: float) -> str:
    """Return the severity; the ranges have gaps at their ends, which fall through to critical."""
    ranges = (("info", 0, 9.9), ("low", 10, 39.9), ("medium", 40, 69.9), ("high", 70, 89.9))
    return next((name for name, low, high in ranges if low <= rank <= high), "critical")


def merged(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the vulnerabilities of a GitLab security report that are not dropped as doubles.

    A finding's keys are its identifiers but CWE and WASC, times its places; one that shares a key
    with an earlier one is dropped.
    """
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for item in report["vulnerabilities"]:
        place = item["location"]
        spot = ":".join(str(place.get(key, "")) for key in ("file", "start_line", "end_line"))
        keys = {
            (one["type"].lower(), one["value"], spot)
            for one in item["identifiers"]
            if one["type"].lower() not in {"cwe", "wasc"}
        }
        if not keys & seen:
            kept.append(item)
        seen |= keys
    return kept
