"""Our reading of gitlabform configs beside gitlabform's own classes, config by config."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from scopelint.declared import DeclaredPolicy
from scopelint.errors import ConfigError
from scopelint.policy import read_gitlabform
from tests.policy.configs import PATHS, WRITTEN, Maker
from tests.policy.make_answers import ANSWERS
from tests.policy.tool import judged

SEEDS = 150


def ours(text: str) -> Mapping[str, Any]:
    """What we make of a config, in the driver's words."""
    try:
        policy = read_gitlabform(text, "config.yml")
    except ConfigError:
        return {"refused": True}
    return {"projects": {path: our_scope(policy, path) for path in PATHS}}


def our_scope(policy: DeclaredPolicy, path: str) -> Any:
    if any(fault.kind == "refused" for fault in policy.faults([path])):
        return "stop"
    found = policy.scope(path)
    if found is None:
        return None
    return {
        "limit": found.limit,
        # Without the groups gitlabform removes nothing, so what it was told does not show.
        "enforce": found.enforce and found.groups is not None,
        "groups": None if found.groups is None else [str(each.name) for each in found.groups],
        "projects": None if found.projects is None else [str(each.name) for each in found.projects],
    }


def theirs(said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    limit = said["limit"]
    return {
        "limit": bool(limit) if limit in (True, False) else None,
        "enforce": said["enforce"],
        **{
            name: None if said[name] is None else [str(each) for each in said[name]]
            for name in ("groups", "projects")
        },
    }


def compare(text: str, answer: Mapping[str, Any]) -> Iterator[Any]:
    """Compare one config at each project; yield gitlabform's answers."""
    mine = ours(text)
    if "refused" in answer or "refused" in mine:
        assert answer == mine, text
        yield "refused"
        return
    for path, said in answer["projects"].items():
        assert mine["projects"][path] == theirs(said), f"{path}:\n{text}"
        yield said


KEPT: Mapping[str, Mapping[str, Any]] = json.loads(ANSWERS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", WRITTEN)
def test_written_configs(name: str) -> None:
    assert list(compare(WRITTEN[name], KEPT[name]))


@pytest.mark.slow
def test_the_kept_answers_are_gitlabforms() -> None:
    assert dict(zip(WRITTEN, judged(list(WRITTEN.values()), PATHS), strict=True)) == KEPT


@pytest.mark.slow
def test_configs_made_from_seeds() -> None:
    texts = [Maker(seed).text() for seed in range(SEEDS)]
    both = zip(texts, judged(texts, PATHS), strict=True)
    answers = [said for text, answer in both for said in compare(text, answer)]
    whole = [each for each in answers if isinstance(each, dict) and "error" not in each]
    partly = [each for each in answers if isinstance(each, dict) and "error" in each]
    assert len(whole) > 200
    assert len(partly) > 20
    assert answers.count("stop") > 100
    assert answers.count(None) > 200
