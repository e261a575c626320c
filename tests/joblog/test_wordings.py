"""What a failed job's log says: real wordings, each with the answer that a GitLab expert gave.

The cases were written by somebody who had not seen the parser. `source` says where a wording is
from: `[read]` there, `[composed]` from sentences of GitLab's or the client's source, `[not looked
up]` from knowledge.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from scopelint.joblog import NamedProject, Refusal, read_log
from scopelint.joblog.read_log import LogReading
from scopelint.joblog.wordings import HINTS, WORDINGS

CASES = {
    path.stem: yaml.safe_load(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "cases").glob("*.yml"))
}
_REFUSED = {True: "yes", False: "no", None: "cannot_tell"}
_SURE = {"no_entry", "permission_missing", "pushes_off"}
"""Causes that have somebody change a project's settings."""


def _read(case: dict[str, Any]) -> tuple[LogReading, Refusal | None]:
    reading = read_log(case["log"], case.get("environment"))
    return reading, reading.chosen


def _is(found: NamedProject | None, right: Any) -> bool:
    if found is None or right is None:
        return found is None and right is None
    if isinstance(right, str):
        return found.path == right
    return right in ({"id": found.id}, {"name": found.last})


def _wrongs(case: dict[str, Any]) -> list[str]:
    """List what is said and is not so; what is not said is no wrong."""
    reading, refusal = _read(case)
    right = case["right"]
    found = []
    if reading.origin is not None and not _is(reading.origin, right["origin"]):
        found.append(f"the job is of {reading.origin}")
    if refusal is None:
        return found
    said = _REFUSED[refusal.token_refused]
    if said not in ("cannot_tell", right["token_refused"]):
        found.append(f"a job token was refused: {said}")
    if refusal.target is not None and not _is(refusal.target, right["target"]):
        found.append(f"{refusal.target} refused")
    if len(refusal.causes) == 1 and not set(refusal.causes) & set(right["causes"]):
        found.append(f"it is {refusal.causes[0]}")
    if refusal.certain and {*refusal.causes} & _SURE - {*right["causes"]}:
        found.append(f"it may be {refusal.causes}")
    if refusal.permissions and " ".join(refusal.permissions) != right["permission"]:
        found.append(f"it needs {refusal.permissions}")
    return found


def _is_right(case: dict[str, Any]) -> bool:
    """Tell whether all that matters was found: who, whom, what for, and every possible cause."""
    _, refusal = _read(case)
    right = case["right"]
    return (
        refusal is not None
        and not _wrongs(case)
        and _REFUSED[refusal.token_refused] == right["token_refused"]
        and _is(refusal.target, right["target"])
        and refusal.subject == right["access"]
        and {*refusal.causes} == {*right["causes"]}
    )


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_said_that_is_not_so(name: str) -> None:
    assert not _wrongs(CASES[name])


def test_most_wordings_are_understood_whole() -> None:
    real = {name: case for name, case in CASES.items() if "[not looked up]" not in case["source"]}
    assert len(real) >= 100
    not_right = sorted(name for name, case in real.items() if not _is_right(case))
    assert len(not_right) <= 14, not_right


@pytest.mark.parametrize("name", CASES)
def test_no_secret_of_a_log_is_kept(name: str) -> None:
    kept = repr(_read(CASES[name])[0])
    for secret in ("glcbt-64_", "dIscOvErY1", "X-Amz-Signature=0", "eyJhbGci"):
        assert secret not in kept


def test_every_refusal_of_a_log_is_told() -> None:
    reading, refusal = _read(CASES["two-refusals-one-job"])
    assert len(reading.refusals) == 2
    assert refusal == reading.refusals[-1]


def test_a_log_of_many_refusals_keeps_the_last_ones() -> None:
    one = "$ curl https://gitlab.example.com/api/v4/projects/{}/packages\nreturned error: 403\n"
    reading = read_log("".join(one.format(number) for number in range(1, 1_001)))
    assert len(reading.refusals) < 1_000
    assert reading.refusals[-1].target == NamedProject(id=1_000)


def test_no_quick_look_passes_over_a_line_that_a_wording_holds() -> None:
    for case in CASES.values():
        for line in case["log"].splitlines():
            if any(wording.pattern.search(line) for wording in WORDINGS):
                assert HINTS.search(line.lower()), line
