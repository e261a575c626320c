"""Whatever stands in sources or in a plan: a policy, or exit 2 with file and reason; no crash."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from scopelint.declared import DeclaredPolicy
from scopelint.errors import ConfigError
from scopelint.terraform import read_plan, read_sources
from tests.conftest import ORIGINAL
from tests.faults.mutations import places
from tests.terraform.plans import SCOPE, SCOPES, changed, plan

SECONDS = min(float(ORIGINAL.get("SCOPELINT_FUZZ_SECONDS", "4")), 300)
FIRST_SEED = int(ORIGINAL.get("SCOPELINT_FUZZ_SEED", "0"))
ESTATE = Path(__file__).parent / "estate"
ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, 2**63, 10**400, float("nan"), "", "x", "acme/web", "\ud800",
    "\u2028", [], [None], [[]], {}, {"": None}, [1, "2", None], "1" * 30, [True], {"a": [1]},
)  # fmt: skip
PIECES: Final = (
    "{", "}", "[", "]", "(", ")", '"', "${", "%{", "$${", "=", ",", "...", "for", "if", "null",
    "\n", "#", "/*", "*/", "<<EOT\n", "EOT\n", ".", "[*]", ".*", "?", ":", "-", "!", "each.value",
    "count = 2", "for_each = toset([1])", "var.teams", "local.groups_of", "9" * 400, "\\", "\\u12",
    "module.scope", "\x7f", "\ufeff", "é", "=>", "try(", "setproduct([1], [2])", "range(10)", "%",
)  # fmt: skip


def judged(read: Any) -> bool:
    """Read a policy; return whether it was read, and not refused."""
    try:
        policy = read()
    except ConfigError as error:
        problems = error.problems
    else:
        problems = ()
        check(policy)
    assert all(problem.message and problem.source for problem in problems)
    return not problems


def check(policy: DeclaredPolicy) -> None:
    """Ask for all that a policy says."""
    for name in policy.subjects():
        text, number = (name.name, None) if isinstance(name.name, str) else ("a/b", name.name)
        assert policy.scope(str(text), number) is not None
    assert all(each.why and each.address for each in policy.unknowns())
    assert all(fault.message and fault.at.line > 0 for fault in policy.faults(()))
    assert all(name.name and name.at.line > 0 for name in policy.entries())


def whole() -> dict[str, Any]:
    values = {"project": "acme/x", "enabled": True, "target_group_ids": [1]}
    entry = {"project": "42", "target_group_id": 5}
    return plan(
        changed(f"{SCOPES}.a", {**values, "target_project_ids": []}, after_unknown={"id": True}),
        changed(f"module.m[0].{SCOPE}.b", None, before=entry, actions=["delete"]),
        changed(f"{SCOPE}.c", entry, before=entry, actions=["create", "delete"]),
        deferred_changes=[{"resource_change": changed(f"{SCOPES}.d", values)}],
    )


def changed_at(made: Any, path: Sequence[str | int], value: Any) -> Any:
    """Put a value at a place of a plan."""
    if not path:
        return value
    holder = made
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return made


@pytest.mark.slow
def test_a_plan_with_any_value_anywhere() -> None:
    """Each place of a plan, with each odd value."""
    read = refused = 0
    for path, _ in places(whole()):
        for odd in ODD:
            text = json.dumps(changed_at(whole(), path, odd))
            done = judged(lambda text=text: read_plan(text, "plan.json"))
            read, refused = read + done, refused + (not done)
    assert read > 500
    assert refused > 100


def test_a_plan_of_damaged_text() -> None:
    text = json.dumps(whole(), indent=1)
    for seed in range(FIRST_SEED, FIRST_SEED + 400):
        judged(lambda seed=seed: read_plan(damaged(text, Random(seed)), "plan.json"))


def damaged(text: str, random: Random) -> str:
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(text))
        match random.randrange(3):
            case 0:
                text = text[:start] + text[start + random.randint(1, 20) :]
            case 1:
                text = text[:start] + random.choice(PIECES) + text[start:]
            case _:
                text = text[:start] + text[start : start + 40] * 2 + text[start + 40 :]
    return text


@pytest.mark.slow
def test_sources_of_damaged_text(tmp_path: Path) -> None:
    """Damage one file of a configuration at random; what is read must hold together."""
    texts = {path.relative_to(ESTATE): path.read_text() for path in ESTATE.rglob("*.tf*")}
    for name in texts:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    end, read, seed = time.monotonic() + SECONDS, 0, FIRST_SEED
    while time.monotonic() < end:
        random = Random(seed)
        hit = random.choice(sorted(texts))
        for name, text in texts.items():
            (tmp_path / name).write_text(
                damaged(text, random) if name == hit else text, encoding="utf-8"
            )
        try:
            read += judged(lambda: read_sources(tmp_path, "tf", within=tmp_path))
        except Exception as error:
            raise AssertionError(f"seed {seed}, {hit}: {error!r}") from error
        seed += 1
    assert read
