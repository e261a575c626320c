"""`publish issues`: one issue an owner, made, changed, closed and opened again, never twice."""

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scopelint.publish.marker import Marker, keys
from scopelint_simulator import Simulator
from tests.cli.kit import call
from tests.publish.kit import (
    CLOSED,
    OPEN,
    OTHER,
    OWNERS,
    PUBLISHER,
    READER,
    UNREAD,
    issues,
    publish,
    report,
    steps,
)

TREE = {"acme/web/shop": OPEN, "acme/web/till": OPEN, "acme/lib/core": OPEN}
DEFAULT = ("--project", "acme/security")


def written(gitlab: Simulator) -> int:
    return gitlab.counts["writes"]


def test_a_dry_run_shows_and_writes_nothing(gitlab: Simulator, place: Path) -> None:
    said = publish(gitlab, "issues", report(gitlab, place, 1, TREE), *DEFAULT).out
    assert "would create  web: acme/web/issues (2 findings)" in said
    assert "would create  lib: acme/security (1 finding)" in said
    assert "Nothing was written: this takes 2 writes. Write it with --yes." in said
    assert {line.method for line in gitlab.log} == {"GET"}


def test_an_issue_is_made_for_each_owner_and_a_second_run_writes_nothing(
    gitlab: Simulator, place: Path
) -> None:
    path = report(gitlab, place, 1, TREE)
    said = publish(gitlab, "issues", path, *DEFAULT, "--yes").out
    assert "created  web: acme/web/issues (2 findings)" in said
    [web], [lib] = issues(gitlab, "acme/web/issues"), issues(gitlab, "acme/security")
    assert (web.title, lib.title) == (
        "CI/CD job token scopes: findings for web",
        "CI/CD job token scopes: findings for lib",
    )
    assert (web.confidential, web.labels, web.closed) == (True, ["scopelint"], False)
    assert "**2 findings** (2 high) in 2 of the projects of `web`" in web.description
    assert web.description.count("| high | `SL101` |") == 2
    again = publish(gitlab, "issues", path, *DEFAULT, "--yes").out
    assert "Everything is up to date" in again
    assert written(gitlab) == 0
    later = report(gitlab, place, 2, TREE)
    publish(gitlab, "issues", later, *DEFAULT, "--yes", "--exit-code")
    assert written(gitlab) == 0


def test_what_changed_is_told_and_only_its_owner_is_written(gitlab: Simulator, place: Path) -> None:
    publish(gitlab, "issues", report(gitlab, place, 1, TREE), *DEFAULT, "--yes")
    changed = TREE | {"acme/web/till": CLOSED, "acme/web/more": OPEN}
    said = publish(gitlab, "issues", report(gitlab, place, 2, changed), *DEFAULT, "--yes").out
    assert "updated  web: acme/web/issues#1 (2 findings: 1 new, 1 fixed)" in said
    assert written(gitlab) == 1
    text = issues(gitlab, "acme/web/issues")[0].description
    assert "- new: `SL101` `acme/web/more`" in text
    assert "- fixed: `SL101` `acme/web/till`" in text
    assert "1 new, 1 fixed since the report of 2024-11-21T06:00:00Z" in text


def test_an_owner_without_findings_is_closed_with_a_note_by_a_report_that_looked(
    gitlab: Simulator, place: Path
) -> None:
    publish(gitlab, "issues", report(gitlab, place, 1, TREE), *DEFAULT, "--yes")
    fixed = TREE | {"acme/web/shop": CLOSED, "acme/web/till": CLOSED}
    said = publish(gitlab, "issues", report(gitlab, place, 2, fixed), *DEFAULT, "--yes").out
    assert "closed  web: acme/web/issues#1" in said
    [web] = issues(gitlab, "acme/web/issues")
    assert web.closed
    assert web.notes[0].body.startswith("Nothing is found any more, by the report of 2024-11-22")
    assert "Nothing is found any more in projects of `web`." in web.description
    publish(gitlab, "issues", report(gitlab, place, 3, fixed), *DEFAULT, "--yes")
    assert written(gitlab) == 0


@pytest.mark.parametrize(
    ("projects", "options"),
    [
        (TREE | {"acme/web/shop": UNREAD, "acme/web/till": CLOSED}, ()),
        (TREE | {"acme/web/till": CLOSED}, ("--exclude", "acme/web/shop")),
        (TREE | {"acme/web/shop": CLOSED, "acme/web/till": CLOSED}, ("--select", "SL3")),
        (TREE, ("--include", "acme/lib/**")),
        (TREE, ("--owner", "lib")),
    ],
)
def test_nothing_is_closed_that_was_not_looked_at(
    gitlab: Simulator, place: Path, projects: dict[str, dict[str, object]], options: tuple[str, ...]
) -> None:
    publish(gitlab, "issues", report(gitlab, place, 1, TREE), *DEFAULT, "--yes")
    part = report(gitlab, place, 2, projects, *options)
    publish(gitlab, "issues", part, *DEFAULT, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    assert not web.closed
    assert "| `acme/web/shop` | not looked at in the last report |" in web.description
    assert "- fixed: `SL101` `acme/web/shop`" not in web.description
    # The next whole report knows of it still.
    fixed = TREE | {"acme/web/shop": CLOSED, "acme/web/till": CLOSED}
    publish(gitlab, "issues", report(gitlab, place, 3, fixed), *DEFAULT, "--yes")
    assert web.closed


@pytest.mark.parametrize("shop", [OPEN, CLOSED])
def test_nothing_is_closed_of_a_project_whose_owner_cannot_be_told(
    gitlab: Simulator, place: Path, shop: dict[str, object]
) -> None:
    """REST shows no frameworks: then an item that asks for them may be for any project."""
    config = OWNERS + "  - {frameworks: [SOX], owner: sox}\n"
    known = {path: {**each, "frameworks": []} for path, each in TREE.items()}
    first = report(gitlab, place, 1, known, config=config)
    publish(gitlab, "issues", first, *DEFAULT, "--yes")
    part = report(gitlab, place, 2, TREE | {"acme/web/shop": shop}, config=config)
    publish(gitlab, "issues", part, *DEFAULT, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    assert not web.closed
    told = "the last report cannot tell whose project it is"
    assert f"| `acme/web/shop` | {told} |" in web.description
    assert f"| `acme/web/till` | {told} |" in web.description
    assert "fixed:" not in web.description
    assert "another owner" not in web.description
    again = publish(gitlab, "issues", part, *DEFAULT, "--yes").out
    assert "Everything is up to date" in again
    # The next report that can tell closes both.
    fixed = {path: {**CLOSED, "frameworks": []} for path in TREE}
    publish(gitlab, "issues", report(gitlab, place, 3, fixed, config=config), *DEFAULT, "--yes")
    assert [each.closed for each in issues(gitlab, "acme/security")] == [True, True]
    assert web.closed


def test_an_issue_closed_by_hand_is_opened_again_and_said(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    web.closed = True
    said = publish(gitlab, "issues", path, *DEFAULT).out
    assert "would open again  web: acme/web/issues#1 (it was closed, and 2 findings" in said
    said = publish(gitlab, "issues", path, *DEFAULT, "--yes").out
    assert "opened again  web: acme/web/issues#1" in said
    assert not web.closed
    assert web.notes[-1].body.startswith("Opened again, by the report of 2024-11-21T06:00:00Z: ")


def test_a_stale_report_never_overwrites(gitlab: Simulator, place: Path) -> None:
    publish(gitlab, "issues", report(gitlab, place, 2, TREE), *DEFAULT, "--yes")
    before = issues(gitlab, "acme/web/issues")[0].description
    old = report(gitlab, place, 1, TREE | {"acme/web/shop": CLOSED})
    said = publish(gitlab, "issues", old, *DEFAULT, "--yes").out
    assert "Nothing to write: 2 steps left alone, for the reasons above." in said
    assert "Everything is up to date" not in said
    assert "left alone  web: acme/web/issues#1 (a newer report, of 2024-11-22T06:00:00Z" in said
    assert issues(gitlab, "acme/web/issues")[0].description == before
    assert written(gitlab) == 0


def test_a_second_issue_of_one_owner_is_closed(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    publish_twin(gitlab, issues(gitlab, "acme/web/issues")[0].description)
    said = publish(gitlab, "issues", path, *DEFAULT, "--yes").out
    assert (
        "closed  web: acme/web/issues#2 (It is a second issue of the same owner: see #1.)" in said
    )
    one, two = issues(gitlab, "acme/web/issues")
    assert (one.closed, two.closed) == (False, True)
    assert two.notes[0].body.startswith("It is a second issue of the same owner: see #1.")
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    assert written(gitlab) == 0


def publish_twin(gitlab: Simulator, description: str, token: str = PUBLISHER) -> None:
    """Make an issue as somebody with that token would."""
    import requests

    answer = requests.post(
        f"{gitlab.url}/api/v4/projects/2/issues",
        headers={"PRIVATE-TOKEN": token},
        json={"title": "twin", "description": description, "labels": "scopelint"},
        timeout=10,
    )
    assert answer.status_code == 201


def test_an_issue_that_somebody_else_made_is_never_written(gitlab: Simulator, place: Path) -> None:
    """Authors see their own issues, confidential ones too: a copied mark must not show the findings."""
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    description = issues(gitlab, "acme/web/issues")[0].description
    gitlab.instance.delivery.issues.clear()
    publish_twin(gitlab, description.replace("acme/web/shop", "gone"), OTHER)
    said = publish(gitlab, "issues", path, *DEFAULT, "--yes").out
    assert "it has scopelint's mark and was made by other, not by this token" in said
    theirs, ours = issues(gitlab, "acme/web/issues")
    assert "acme/web/shop" not in theirs.description
    assert ours.author.username == "bot"
    gitlab.instance.delivery.issues.clear()
    publish_twin(gitlab, description, OTHER)
    publish(gitlab, "issues", path, *DEFAULT, "--yes", "--former-user", "other")
    assert len(issues(gitlab, "acme/web/issues")) == 1


def test_an_issue_without_its_label_is_found_before_a_second_one_is_made(
    gitlab: Simulator, place: Path
) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    web.labels, web.confidential = ["mine"], False
    said = publish(gitlab, "issues", path, *DEFAULT, "--yes").out
    assert "it becomes confidential, labels are added" in said
    assert (web.labels, web.confidential) == (["mine", "scopelint"], True)
    assert written(gitlab) == 1


def test_labels_and_confidentiality_are_chosen(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    given = ("--label", "security,ci", "--label", "scoped::x", "--no-confidential")
    publish(gitlab, "issues", path, *DEFAULT, *given, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    assert (web.labels, web.confidential) == (["security", "ci", "scoped::x"], False)
    publish(gitlab, "issues", path, *DEFAULT, *given, "--yes")
    assert written(gitlab) == 0


def test_an_edited_description_is_written_anew(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    whole = web.description
    web.description = whole.replace("acme/web/till", "acme/web/other")
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    assert written(gitlab) == 1
    assert "acme/web/other" not in web.description


def test_an_issue_whose_mark_cannot_be_read_is_left_to_a_person(
    gitlab: Simulator, place: Path
) -> None:
    publish(gitlab, "issues", report(gitlab, place, 1, TREE), *DEFAULT, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    web.description = re.sub(r"(scopelint:issue \w+) \S+", r"\1 AAAA", web.description)
    fixed = TREE | {"acme/web/shop": CLOSED, "acme/web/till": CLOSED}
    said = publish(gitlab, "issues", report(gitlab, place, 2, fixed), *DEFAULT, "--yes").out
    assert "what it listed is not known" in said
    assert not web.closed
    publish(gitlab, "issues", report(gitlab, place, 3, TREE), *DEFAULT, "--yes")
    assert "AAAA" not in web.description
    publish(gitlab, "issues", report(gitlab, place, 4, fixed), *DEFAULT, "--yes")
    assert web.closed


def test_an_accepted_finding_is_not_called_fixed_and_one_that_moved_names_its_owner(
    gitlab: Simulator, place: Path
) -> None:
    publish(gitlab, "issues", report(gitlab, place, 1, TREE), *DEFAULT, "--yes")
    waived = OWNERS + (
        '  - {projects: ["acme/web/shop"], owner: shop}\n'
        "waivers: [{rule: SL101, project: acme/web/till, reason: known, expires: 2030-01-01}]\n"
    )
    path = report(gitlab, place, 2, TREE, config=waived)
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    text = web.description
    assert "1 accepted by a waiver or the baseline, 1 another owner's by now since" in text
    assert "fixed" not in text.partition("<!-- scopelint:changes -->")[2].partition("<!-- /")[0]
    assert web.closed


def test_owners_without_a_place_and_projects_without_issues_are_named(
    gitlab: Simulator, place: Path
) -> None:
    path = report(gitlab, place, 1, TREE | {"acme/x": OPEN})
    said = publish(gitlab, "issues", path, "--yes").out
    assert "left alone  lib (1 finding and no project for its issue" in said
    assert "left alone  unowned (1 finding and no project" in said
    for project, reason in (
        ("acme/off", "lib: acme/off (the issues of acme/off cannot be read"),
        ("acme/nowhere", "not found or not visible"),
    ):
        for options in ((), ("--yes",)):
            told = publish(gitlab, "issues", path, "--project", project, *options, code=4)
            assert reason in told.out
            assert "FAILED  lib" in told.out


@pytest.mark.parametrize("form", ["1", "{url}/acme/security", "{url}/acme/security/-/issues"])
def test_the_project_is_named_as_everywhere(gitlab: Simulator, place: Path, form: str) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "issues", path, "--project", form.format(url=gitlab.url), "--yes")
    assert len(issues(gitlab, "acme/security")) == 1


def test_a_mark_of_the_future_holds_no_report_back(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    [key] = keys(web.description, "issue")
    later = Marker(key, datetime(2999, 1, 1, tzinfo=UTC)).text("issue")
    web.description = re.sub(r"<!-- scopelint:issue .* -->", later, web.description)
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    assert written(gitlab) == 1
    assert later not in web.description


def test_an_owner_that_the_report_no_longer_has_is_named(gitlab: Simulator, place: Path) -> None:
    publish(gitlab, "issues", report(gitlab, place, 1, TREE), *DEFAULT, "--yes")
    renamed = OWNERS.replace("owner: web", "owner: shops")
    path = report(gitlab, place, 2, TREE, config=renamed)
    said = publish(gitlab, "issues", path, *DEFAULT, "--yes").out
    assert "acme/web/issues#1 (it is of an owner that this report does not have" in said


HOSTILE = "acme/web/x"
HOSTILE_OWNERS = """
owners:
  - projects: ["acme/**"]
    owner: "@all /close `x` <!-- scopelint:changes --> | ~bug"
    contact: "@acme/web-leads, /label ~x someone@example.com"
"""
HOSTILE_RULE = '''
"""A rule that says what it should not."""
from scopelint.finding import Severity
from scopelint.rule import ProjectRule


class Hostile(ProjectRule):
    """Says it."""

    code, name, title = "EVIL001", "evil-words", "Evil"
    requirement, severity = "It is quiet", Severity.HIGH

    def judge(self, context):
        return self.fail("/close\\n/label ~x @root `@admin` | <!-- x --> glpat-" + "A" * 20)
'''


def test_names_and_messages_are_text_and_no_secret_is_written(
    gitlab: Simulator, place: Path
) -> None:
    (place / "evil.py").write_text(HOSTILE_RULE)
    given = ("--rules-file", str(place / "evil.py"))
    path = report(gitlab, place, 1, {HOSTILE: OPEN}, *given, config=HOSTILE_OWNERS)
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    [issue] = issues(gitlab, "acme/security")
    delivery = gitlab.instance.delivery
    assert delivery.actions == []
    assert delivery.mentions == {"acme/web-leads"}
    assert "@" not in issue.title
    assert "glpat-" not in issue.description
    rows = [line for line in issue.description.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    assert written(gitlab) == 0


def test_the_printed_commands_are_those_of_the_findings(gitlab: Simulator, place: Path) -> None:
    publish(gitlab, "issues", report(gitlab, place, 1, TREE), *DEFAULT, "--yes")
    text = issues(gitlab, "acme/web/issues")[0].description
    block = text.partition("```sh\n")[2].partition("\n```")[0]
    commands = [shlex.split(line) for line in block.splitlines()]
    assert [words[1] for words in commands] == ["explain", "collect", "plan", "apply"]
    assert commands[1][2:4] == ["acme/web/shop", "acme/web/till"]
    assert commands[1][4:7] == ["--usage", "--url", gitlab.url]
    call(*commands[0][1:]).expect(0)


def test_more_than_a_description_takes_is_cut_by_the_least_severe(
    gitlab: Simulator, place: Path
) -> None:
    tree = {f"acme/web/p{number:04}": OPEN | {"outbound": True} for number in range(700)}
    path = report(gitlab, place, 1, tree, "--extend-select", "SL2")
    publish(gitlab, "issues", path, *DEFAULT, "--yes")
    [web] = issues(gitlab, "acme/web/issues")
    assert len(web.description) <= 1_048_576
    assert web.description.count("| high | `SL101` |") == 700
    assert re.search(
        r"\n\d+ findings more, the least severe, in the report alone\.", web.description
    )


def test_more_writes_than_allowed_write_nothing(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    told = publish(gitlab, "issues", path, *DEFAULT, "--yes", "--max-writes", "1", code=2)
    assert "this would write 2 times, and --max-writes is 1: nothing was written" in told.err
    assert written(gitlab) == 0
    assert (
        "--yes and --max-writes 2"
        in publish(gitlab, "issues", path, *DEFAULT, "--max-writes", "1").out
    )


def test_the_exit_code_tells_what_is_left_to_write(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "issues", path, *DEFAULT, "--exit-code", code=5)
    publish(gitlab, "issues", path, *DEFAULT, "--exit-code", "--yes")
    publish(gitlab, "issues", path, *DEFAULT, "--exit-code")


def test_as_json(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    told = publish(gitlab, "issues", path, *DEFAULT, "-f", "json")
    data = json.loads(told.out)
    assert (data["schema"], data["kind"], data["writes"], data["written"]) == (
        "scopelint-publish/1",
        "issues",
        2,
        False,
    )
    assert {(each["subject"], each["action"], each["status"]) for each in steps(told)} == {
        ("unowned", "none", "unchanged"),
        ("unknown", "none", "unchanged"),
        ("web", "create", "planned"),
        ("lib", "create", "planned"),
    }


def test_a_token_that_cannot_write_is_told_what_to_use(
    gitlab: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = report(gitlab, place, 1, TREE)
    monkeypatch.setenv("SCOPELINT_TOKEN", READER)
    told = publish(gitlab, "issues", path, *DEFAULT, "--yes", code=4)
    assert "api is needed" in told.err
    assert "a job token (CI_JOB_TOKEN) can write neither" in told.err
    for token in ("glcbt-64_abcdefghijklmnop", ""):
        monkeypatch.setenv("SCOPELINT_TOKEN", token)
        monkeypatch.setenv("CI_JOB_TOKEN", "glcbt-64_abcdefghijklmnop")
        told = publish(gitlab, "issues", path, *DEFAULT, "--yes", code=4)
        assert "a job token (CI_JOB_TOKEN) can write neither" in told.err
    assert written(gitlab) == 0


def test_a_report_of_another_instance_or_of_a_part_is_refused(
    gitlab: Simulator, place: Path
) -> None:
    low = {"acme/web/shop": OPEN | {"outbound": True}}
    part = report(gitlab, place, 1, low, "--min-severity", "high")
    assert "--min-severity or --new-only" in publish(gitlab, "issues", part, code=2).err
    data = json.loads(report(gitlab, place, 2, TREE).read_text())
    data["scan"]["instance"] = "https://gitlab.example.com"
    (place / "other.json").write_text(json.dumps(data))
    told = publish(gitlab, "issues", place / "other.json", *DEFAULT, code=2)
    assert "this is for https://gitlab.example.com" in told.err
