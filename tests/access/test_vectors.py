"""All decisions of GitLab's own classes that are in `vectors/`, asked of `scopelint.access`."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from scopelint.access import Answer, decide, may_push
from scopelint.versions import parse_version
from tests.access.instance_files import read

VECTORS = json.loads((Path(__file__).parent / "vectors" / "access.json").read_text("utf-8"))
COUNTS = {"access": 351, "push": 41, "visibility": 92}


def differs(case: dict[str, Any]) -> str | None:
    """Return what scopelint says where it is not what GitLab's code said."""
    projects = read(case["estate"])
    origin, target = projects[case["origin"]], projects[case["target"]]
    version = parse_version(case["estate"]["gitlab"]["version"])
    answer, wanted = case["answer"], case["wanted"]
    switch = case["estate"]["gitlab"].get("fine_grained")

    def asked(*policies: str) -> Answer:
        return decide(origin, target, policies, version=version, assume_fine_grained=switch).answer

    if case["kind"] == "push":
        pushes = may_push(origin, target, version=version)
        return None if pushes is answer["push"] else f"may_push {pushes}"
    if case["kind"] == "visibility":
        right = Answer.PARTIAL if answer["open"] else Answer.DENIED
        said = asked(*wanted)
        return None if said is right else f"{said}, not {right}"
    questions: dict[str, tuple[str, ...]] = {"accepted": ()}
    if wanted:
        questions["allowed"] = tuple(wanted)
    for name, policies in questions.items():
        said = asked(*policies)
        if said is Answer.UNKNOWN or (said is Answer.GRANTED) is not answer[name]:
            return f"{name}: {said}"
    return None


def test_every_decision_of_gitlabs_own_classes_is_ours() -> None:
    """351 of access, 41 of push, 92 of what visibility leaves open: 484 cases, none differs."""
    assert Counter(case["kind"] for case in VECTORS) == COUNTS
    wrong = {case["id"]: said for case in VECTORS if (said := differs(case)) is not None}
    assert wrong == {}


def test_the_readme_says_how_many_there_are_and_of_which_releases() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert f"in all {len(VECTORS)} cases" in readme
    releases = sorted({case["version"] for case in VECTORS}, key=parse_version)
    assert f"({', '.join(releases[:-1])} and {releases[-1]})" in readme
