"""Case files: every way in which a rule may differ from what is expected is told."""

from pathlib import Path

import pytest

from scopelint.finding import Outcome
from scopelint.rule import Rule
from scopelint.testing import check_case, inventory, load_cases, run_cases, verdicts
from tests.testing.sample_rules import OldVersion, Sloppy, TooManyEntries, UntrustedEntry

TWO = "inventory: {projects: {acme/shop: {entries: [{group: acme}, {project: p/sdk}]}}}"
ONE = "inventory: {projects: {acme/shop: {entries: [{group: acme}]}}}"
OPEN = "inventory: {projects: {acme/shop: {inbound_own: false}}}"
JANUARY = "inventory: {projects: {acme/shop: {}}, finished_at: 2026-01-31T00:00:00Z}"


def run(tmp_path: Path, text: str, rule: type[Rule] = TooManyEntries) -> int:
    file = tmp_path / "cases.yml"
    file.write_text(text, encoding="utf-8")
    return run_cases(file, rule)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"fail_a: {{{TWO}, expect: [{{project: acme/shop, outcome: fail}}]}}", TooManyEntries),
        (
            f"fail_a: {{{TWO}, expect: [{{project: acme/shop, outcome: fail, message_has: 2 ent,"
            " evidence: {entries: 2, kinds: [group, project]}}]}",
            TooManyEntries,
        ),
        (f"pass_a: {{{ONE}}}", TooManyEntries),
        (f"pass_a: {{{ONE}, expect: [{{project: acme/shop, outcome: pass}}]}}", TooManyEntries),
        (f"pass_a: {{{TWO}, options: {{most: 2}}}}", TooManyEntries),
        (
            f"unknown_a: {{{OPEN}, expect: [{{project: acme/shop, outcome: unknown}}]}}",
            TooManyEntries,
        ),
        (f"skip_a: {{{JANUARY}, not_judged: nothing in January}}", TooManyEntries),
        ("skip_a: {inventory: {projects: {acme/shop: {archived: true}}}}", TooManyEntries),
        (
            f"fail_a: {{{TWO}, trusted: [acme], expect: [{{project: acme/shop, outcome: fail,"
            " entry: p/sdk}]}",
            UntrustedEntry,
        ),
        (
            "fail_a: {inventory: {projects: {acme/shop: {entries: [{gone: group}]}}},"
            " expect: [{project: acme/shop, outcome: fail, entry: gone}]}",
            UntrustedEntry,
        ),
        (
            'fail_a: {inventory: {version: "17.11", projects: {}}, expect: [{outcome: fail}]}',
            OldVersion,
        ),
        ("pass_a: {inventory: {projects: {}}, expect: [{outcome: pass}]}", OldVersion),
    ],
)
def test_what_is_as_expected_passes(tmp_path: Path, text: str, rule: type[Rule]) -> None:
    assert run(tmp_path, text, rule) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"fail_a: {{{TWO}}}", "not expected: .*acme/shop.*2 entries"),
        (f"unknown_a: {{{OPEN}}}", "not expected: .*unknown"),
        (f"fail_a: {{{ONE}, expect: [{{project: acme/shop, outcome: fail}}]}}", "missing: .*fail"),
        (
            f"fail_a: {{{TWO}, expect: [{{project: acme/other, outcome: fail}}]}}",
            "missing: .*other",
        ),
        (
            f"fail_a: {{{TWO}, expect: [{{project: acme/shop, outcome: fail, message_has: 3 e}}]}}",
            "missing: .*3 e",
        ),
        (
            f"fail_a: {{{TWO}, expect: [{{project: acme/shop, outcome: fail, evidence: {{entries: 3}}}}]}}",
            "missing: ",
        ),
        (
            f"fail_a: {{{ONE}, options: {{most: 0}},"
            " expect: [{project: acme/shop, outcome: fail, evidence: {entries: true}}]}",
            "missing: ",
        ),
        (
            f"fail_a: {{{TWO}, expect: [{{project: acme/shop, outcome: fail, remediation_has: All}}]}}",
            "missing: .*All",
        ),
        (
            f"fail_a: {{{TWO}, expect: [{{project: acme/shop, outcome: fail, evidence: {{more: 1}}}}]}}",
            "missing: ",
        ),
        (
            f"fail_a: {{{TWO}, expect: [{{project: acme/shop, outcome: fail, entry: acme}}]}}",
            "missing: .*acme",
        ),
        (
            f"fail_a: {{{TWO}, expect: [{{project: acme/shop, outcome: fail}},"
            " {project: acme/shop, outcome: fail}]}",
            "missing: ",
        ),
        (f"pass_a: {{{ONE}, expect: [{{project: acme/x, outcome: pass}}]}}", "missing: .*pass"),
        (f"fail_a: {{{ONE}}}", "named fail_ and the rule says fail of nothing"),
        (
            f"pass_a: {{{TWO}, expect: [{{project: acme/shop, outcome: fail}}]}}",
            "a pass and nothing",
        ),
        ("pass_a: {inventory: {projects: {}}}", "a pass case has a pass"),
        (f"skip_a: {{{ONE}}}", "a skip case says nothing, this one says pass"),
        (f"skip_a: {{{JANUARY}}}", "the rule is not judged: there was nothing"),
        (f"skip_a: {{{JANUARY}, not_judged: nothing in May}}", "expected 'nothing in May' in it"),
        (f"pass_a: {{{ONE}, not_judged: January}}", "the rule is judged"),
    ],
)
def test_what_differs_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        run(tmp_path, text)


def test_every_case_that_differs_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as error:
        run(tmp_path, f"fail_one: {{{TWO}}}\npass_two: {{{ONE}}}\nskip_three: {{{ONE}}}\n")
    assert "ACME001 too-many-entries, fail_one:" in str(error.value)
    assert "skip_three" in str(error.value)
    assert "pass_two" not in str(error.value)


def test_verdicts_must_be_fit_for_reports(tmp_path: Path) -> None:
    (tmp_path / "cases.yml").write_text(
        f"fail_a: {{{ONE}, expect: [{{project: acme/shop, outcome: fail}},"
        " {project: acme/shop, outcome: fail}]}"
    )
    [case] = load_cases(tmp_path / "cases.yml")
    with pytest.raises(AssertionError) as error:
        check_case(case, Sloppy)
    text = str(error.value)
    assert "the message is not one line" in text
    assert "no remediation" in text
    assert "the evidence is not JSON data" in text
    assert "2 verdicts on acme/shop have the key ''" in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a mapping of case names"),
        ("- fail_a", "a mapping of case names"),
        (f"good_a: {{{ONE}}}", "good_a.*starts with none of"),
        ("pass_a: {}", "pass_a.*inventory"),
        (f"pass_a: {{{ONE}, expected: []}}", "expected"),
        (f"pass_a: {{{ONE}, expect: [{{outcome: maybe}}]}}", "outcome"),
        (f"pass_a: {{{ONE}}}\npass_a: {{{ONE}}}", r"cases\.yml:2:1: .*given twice"),
    ],
)
def test_a_case_file_that_is_off_is_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "cases.yml"
    file.write_text(text)
    with pytest.raises(Exception, match=f"(?s){told}"):
        load_cases(file)


def test_wrong_options_are_not_taken(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="most"):
        run(tmp_path, f"pass_a: {{{ONE}, options: {{most: -1}}}}")


def test_verdicts_are_all_that_a_rule_says_with_the_projects_path() -> None:
    with inventory("projects: {acme/a: {}, acme/b: {entries: [{group: acme}]}}") as observed:
        said = verdicts(TooManyEntries({"most": 0}), observed)
        assert [(path, verdict.outcome) for path, verdict in said] == [
            ("acme/a", Outcome.PASS),
            ("acme/b", Outcome.FAIL),
        ]
        assert [path for path, _ in verdicts(OldVersion(), observed)] == [None]
