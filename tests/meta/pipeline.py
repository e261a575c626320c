"""A pipeline as GitLab makes it of a component: inputs filled in, `extends` and `rules` resolved.

Restated from the pages "CI/CD inputs", "CI/CD YAML syntax reference" and "Where variables can be
used"; only what the templates here use.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.meta.kit import Ran, run

_INPUT = re.compile(r"\$\[\[ inputs\.(\w+) \]\]")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_TERM = re.compile(r'\s*(?:\$(\w+)|"([^"]*)")\s*(==|!=)\s*(?:\$(\w+)|"([^"]*)")\s*')


class InputError(ValueError):
    """A value that GitLab would refuse for an input."""


def interpolated(path: Path, **given: Any) -> str:
    """Return the text of a component with its inputs filled in; raise InputError."""
    head, text = path.read_text(encoding="utf-8").split("\n---\n")
    inputs = yaml.safe_load(head)["spec"]["inputs"]
    if unknown := set(given) - set(inputs):
        raise InputError(f"no such input: {unknown}")
    values = {name: _value(name, spec, given.get(name)) for name, spec in inputs.items()}
    return _INPUT.sub(lambda match: values[match[1]], text)


def _value(name: str, spec: Mapping[str, Any], given: Any) -> str:
    if given is None and "default" not in spec:
        raise InputError(f"{name} is required")
    value = spec["default"] if given is None else given
    kind = {"boolean": bool, "number": int, "string": str}[spec.get("type", "string")]
    if type(value) is not kind:
        raise InputError(f"{name} is no {kind.__name__}")
    if "options" in spec and value not in spec["options"]:
        raise InputError(f"{name} is none of its options")
    if "regex" in spec and not re.search(spec["regex"], str(value)):
        raise InputError(f"{name} does not match")
    return str(value).lower() if kind is bool else str(value)


def jobs(text: str) -> dict[str, dict[str, Any]]:
    """Return the jobs of a configuration, `extends` resolved, hidden ones left out."""
    found = yaml.safe_load(text)
    shared = found.pop("variables", {})
    resolved = {}
    for name, job in found.items():
        if not name.startswith("."):
            whole = _extended(job, found)
            whole["variables"] = shared | whole.get("variables", {})
            resolved[name] = whole
    return resolved


def _extended(job: Mapping[str, Any], every: Mapping[str, Any]) -> dict[str, Any]:
    base = _extended(every[job["extends"]], every) if "extends" in job else {}
    return _merged(base, {key: value for key, value in job.items() if key != "extends"})


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        is_map = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if is_map else value
    return merged


def is_added(
    job: Mapping[str, Any], variables: Mapping[str, str], files: Collection[str] = ()
) -> bool:
    """Tell whether a job's `rules` add it to a pipeline with these variables and files."""
    for rule in job["rules"]:
        there = "exists" not in rule or set(rule["exists"]) & set(files)
        if there and all(_holds(term, variables) for term in rule["if"].split("&&")):
            return bool(rule.get("when") != "never")
    return False


def _holds(term: str, variables: Mapping[str, str]) -> bool:
    if match := re.fullmatch(r"\s*\$(\w+)\s*", term):
        return bool(variables.get(match[1]))
    match = _TERM.fullmatch(term)
    assert match, term
    left = variables.get(match[1]) if match[1] else match[2]
    right = variables.get(match[4]) if match[4] else match[5]
    return (left == right) == (match[3] == "==")


def play(job: Mapping[str, Any], folder: Path, variables: Mapping[str, str], shell: str) -> Ran:
    """Run the lines of a job as a runner does: one shell that stops at the first failure."""
    own = {
        name: _VARIABLE.sub(lambda match: variables.get(match[1], ""), str(value))
        for name, value in job["variables"].items()
    }
    script = "\n".join([*job.get("before_script", ()), *job["script"]])
    return run([shell, "-ec", script], folder, {**own, **variables})
