"""What a case may declare for all rules of a run, and the confidence of a verdict."""

from pathlib import Path

import pytest

from scopelint.finding import PASS, Confidence, Severity, Verdict
from scopelint.rule import ProjectContext, ProjectRule
from scopelint.testing import run_cases


class Echo(ProjectRule):
    """Says what policy it was given."""

    code = "ACME009"
    name = "echo"
    title = "Says what it was given"
    severity = Severity.LOW

    def judge(self, context: ProjectContext) -> list[Verdict]:
        inside = [b for b in self.policy.boundaries if b.projects.matches(context.project.path)]
        if not inside:
            return [PASS]
        return [
            self.fail(
                "inside",
                evidence={
                    "names": [boundary.name for boundary in inside],
                    "allows": inside[0].allow_from.matches("acme/deploy/runner"),
                    "assumed": self.policy.assume_fine_grained,
                },
                remediation="None.",
                confidence=Confidence.LOW,
            )
        ]


TEXT = """
fail_inside:
  inventory: {{projects: {{acme/prod/api: {{}}, acme/web: {{}}}}}}
  boundaries: [{{name: production, projects: ["acme/prod/**"], allow_from: ["acme/deploy/*"]}}]
  assume_fine_grained: {assumed}
  expect:
    - project: acme/prod/api
      outcome: fail
      confidence: {confidence}
      evidence: {{names: [production], allows: true, assumed: {assumed}}}
pass_nothing_declared:
  inventory: {{projects: {{acme/prod/api: {{}}}}}}
"""


def run(tmp_path: Path, assumed: str, confidence: str) -> int:
    file = tmp_path / "cases.yml"
    file.write_text(TEXT.format(assumed=assumed, confidence=confidence), encoding="utf-8")
    return run_cases(file, Echo)


@pytest.mark.parametrize("assumed", ["true", "false", "null"])
def test_boundaries_and_assumptions_reach_the_rule(tmp_path: Path, assumed: str) -> None:
    assert run(tmp_path, assumed, "low") == 2


def test_another_confidence_is_a_difference(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r'missing: .*"confidence":"high"'):
        run(tmp_path, "true", "high")
