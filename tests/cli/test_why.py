"""`why`: from a job's log to the cause, the smallest entry, and a text to send."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from scopelint.access import SmallestEntry
from scopelint.cli.remedy_block import Remedy
from scopelint.model import Project
from scopelint.testing import write
from scopelint_simulator import Faults, Simulator
from tests.cli.kit import call

HEAD = "Initialized empty Git repository in /builds/acme/web/shop/.git/\n"
REFUSED = (
    "remote: Authentication by CI/CD job token not allowed from shop to core.\n"
    "fatal: unable to access 'https://gitlab.example.com/acme/lib/core.git/': The requested URL"
    " returned error: 403\n"
)
DOWNLOAD = (
    '$ curl --header "JOB-TOKEN: $CI_JOB_TOKEN"'
    " https://gitlab.example.com/api/v4/projects/{project}/packages/generic/tool/1.0/tool.zip\n"
    "curl: (22) The requested URL returned error: 403\n"
)
DESCRIBED: dict[str, Any] = {
    "version": "19.3.0-ee",
    "projects": {
        "acme/web/shop": {},
        "acme/lib/core": {},
        "acme/lib/open": {"inbound_own": False, "inbound_effective": False},
        "acme/lib/narrow": {"entries": [{"project": "acme/web/shop", "policies": ["READ_JOBS"]}]},
        "acme/lib/group": {"entries": [{"group": "acme/web", "policies": ["READ_JOBS"]}]},
        "acme/lib/unread": {"unreadable": "forbidden"},
        "other/core": {},
    },
}


@pytest.fixture
def kept(place: Path) -> Path:
    path = place / "kept"
    write(DESCRIBED, path)
    return path


def _log(place: Path, text: str) -> Path:
    path = place / "job.log"
    path.write_text(HEAD + text, "utf-8")
    return path


def _why(log: Path | str, *options: object) -> dict[str, Any]:
    told = call("why", log, *options, "-f", "json")
    found: dict[str, Any] = json.loads(told.out)
    assert (found["answer"] == "explained") == (told.code == 0)
    return found


def _ask(name: str, place: Path, kept: Path) -> dict[str, Any]:
    path = f"acme%2Flib%2F{name}"
    return _why(_log(place, DOWNLOAD.format(project=path)), "--from", kept)


def test_a_refusal_is_explained_from_the_log_alone(place: Path) -> None:
    told = call("why", _log(place, REFUSED), "--offline").expect(0)
    assert "acme/web/shop -> acme/lib/core: Git clone or fetch" in told.out
    assert "Cause: the project's allowlist has no entry" in told.out


def test_a_missing_entry_comes_with_every_way_to_add_it(place: Path, kept: Path) -> None:
    told = call("why", _log(place, REFUSED), "--from", kept).expect(0)
    for words in (
        "add acme/web/shop to the allowlist of acme/lib/core, with no permission chosen",
        "https://gitlab.example.com/acme/lib/core/-/settings/ci_cd#js-token-access",
        "ciJobTokenScopeAddGroupOrProject",
        "projects: [acme/web/shop]",
        'resource "gitlab_project_job_token_scope" "acme_web_shop"',
        "Text to send them:",
        "A Maintainer or Owner of acme/lib/core",
    ):
        assert words in told.out
    remedy = _why(_log(place, REFUSED), "--from", kept)["remedy"]
    assert (remedy["operation"], remedy["permissions"]) == ("add", [])


def test_the_smallest_entry_grants_what_the_route_needs(place: Path, kept: Path) -> None:
    found = _ask("core", place, kept)
    assert (found["cause"], found["remedy"]["permissions"]) == ("no_entry", ["READ_PACKAGES"])


def test_an_entry_without_the_permission_is_widened(place: Path, kept: Path) -> None:
    found = _ask("narrow", place, kept)
    assert found["cause"] == "permission_missing"
    assert found["remedy"]["operation"] == "widen"
    assert found["remedy"]["permissions"] == ["READ_JOBS", "READ_PACKAGES"]
    assert "ciJobTokenScopeUpdatePolicies" in found["remedy"]["api"]


def test_an_entry_of_its_own_takes_nothing_away_that_the_group_granted(
    place: Path, kept: Path
) -> None:
    found = _ask("group", place, kept)
    assert found["remedy"]["operation"] == "add"
    assert found["remedy"]["permissions"] == ["READ_JOBS", "READ_PACKAGES"]


def test_where_the_allowlist_lets_it_in_the_scope_is_not_the_cause(place: Path, kept: Path) -> None:
    found = _ask("open", place, kept)
    assert found["answer"] == "cannot_tell"
    assert [each["name"] for each in found["causes"]] == ["user_role", "other"]
    assert found["remedy"] is None
    later = _why(_log(place, REFUSED.replace("core", "open")), "--from", kept)
    assert "lets it in now" in later["note"]
    assert later["remedy"] is None


def test_what_was_not_read_is_named_and_not_guessed(place: Path, kept: Path) -> None:
    unread = _ask("unread", place, kept)
    assert (unread["answer"], unread["cause"], unread["remedy"]) == ("cannot_tell", None, None)
    assert unread["missing"]
    gone = _ask("elsewhere", place, kept)
    assert "does not show it" in gone["missing"][0]


def test_a_name_that_two_projects_have_is_asked_for(place: Path, kept: Path) -> None:
    line = "Authentication by CI/CD job token not allowed from shop to core."
    found = _why(line, "--from", kept)
    assert found["answer"] == "cannot_tell"
    assert "acme/lib/core, other/core" in found["missing"][0]
    named = _why(line, "--from", kept, "--target", "acme/lib/core")
    assert (named["cause"], named["origin"]["path"]) == ("no_entry", "acme/web/shop")


@pytest.mark.parametrize(
    ("option", "given", "named"),
    [
        ("--target", "acme/lib/other", "core"),
        ("--target", "8", "7"),
        ("--origin", "acme/web/site", "shop"),
    ],
)
def test_a_project_that_is_not_the_logs_is_refused(option: str, given: str, named: str) -> None:
    target = "#7" if given == "8" else "core"
    line = f"Authentication by CI/CD job token not allowed from shop to project {target}."
    if target == "core":
        line = line.replace("project ", "")
    told = call("why", line, "--offline", option, given)
    assert told.code == 2
    assert f"{option} {given}: the log names {named}" in told.err


def test_a_renamed_project_is_named_by_its_id() -> None:
    line = "Authentication by CI/CD job token not allowed from shop to core."
    told = call("why", line, "--offline", "--origin", "acme/web/shop", "--target", "8")
    assert told.out.startswith("acme/web/shop -> project 8: ")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("remote: You are not allowed to upload code.\n", "pushes_off"),
        ("fatal: Could not resolve host: gitlab.example.com\n", "other"),
        ('$ curl --header "JOB-TOKEN: x" y\n{"message":"401 Unauthorized"}\n', None),
        ("Everything went well\n", None),
    ],
)
def test_other_causes_need_nobody_to_be_asked(place: Path, text: str, cause: str | None) -> None:
    found = _why(_log(place, text), "--offline")
    assert found["cause"] == cause
    assert (found["answer"] == "cannot_tell") == (cause is None or bool(found["missing"]))


def test_a_secret_of_the_log_is_never_printed(place: Path) -> None:
    secret = "glcbt-64_abcdefghijklmnopqrst"
    text = f"$ git clone https://gitlab-ci-token:{secret}@gitlab.example.com/acme/lib/core.git\n"
    text += f"remote: HTTP Basic: Access denied ({secret})\n"
    log = _log(place, text)
    for options in ([], ["-f", "json"]):
        told = call("why", log, "--offline", *options)
        assert secret not in told.out + told.text


def test_a_log_cannot_send_the_token_elsewhere(place: Path, gitlab: Simulator, token: str) -> None:
    """The log's address is a stranger's text: only the configured GitLab is asked."""
    text = REFUSED.replace("gitlab.example.com", "evil.example").replace("lib/core", "tool")
    found = _why(_log(place, text.replace("to core", "to tool")), "--url", gitlab.url)
    assert found["instance"] == gitlab.url
    assert found["steps"]
    assert found["remedy"]["settings_url"].startswith(f"{gitlab.url}/acme/tool/-/settings/")
    assert found["remedy"]["maintainers"] == [{"username": "auditor", "role": "Maintainer"}]
    assert token not in json.dumps(found)


@pytest.mark.parametrize(
    "fault", [{"error_rate": 1.0, "error_status": 403}, {"html_sign_in": True}]
)
def test_maintainers_that_gitlab_does_not_show_are_not_named(
    place: Path, gitlab: Simulator, token: str, fault: dict[str, Any]
) -> None:
    del token
    gitlab.faults = Faults(only="/members/all", **fault)
    text = REFUSED.replace("lib/core", "tool").replace("to core", "to tool")
    found = _why(_log(place, text), "--url", gitlab.url)
    assert found["cause"] == "no_entry"
    assert found["remedy"]["maintainers"] is None


def test_a_printed_command_never_sends_a_token_where_a_log_says(place: Path) -> None:
    text = REFUSED.replace("gitlab.example.com", "evil.test")
    told = call("why", _log(place, text), "--offline").expect(0)
    assert "evil.test" not in told.out.partition("What would do")[2]


def test_a_printed_command_is_one_for_the_shell_whatever_a_path_holds(place: Path) -> None:
    remedy = Remedy(
        "https://gitlab.example.com",
        Project(1, "acme/x'; id; '"),
        Project(2, 'acme/"y: ${z}'),
        SmallestEntry("add", ("READ_JOBS",)),
        "job artifacts",
    )
    words = shlex.split(remedy.api())
    assert (words[0], words[-1]) == ("curl", "https://gitlab.example.com/api/graphql")
    assert "x'; id; '" in json.loads(words[words.index("--data") + 1])["query"]
    assert yaml.safe_load("\n".join(remedy.gitlabform()))["projects_and_groups"].keys() == {
        'acme/"y: ${z}'
    }


def test_gitlab_com_is_not_asked_about_the_projects_of_another_gitlab(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", "glpat-any-token-of-mine")
    told = call("why", _log(place, REFUSED)).expect(0)
    assert "the log is of https://gitlab.example.com; name it with --url" in told.out


def test_what_needs_an_unknown_permission_is_let_in_by_default_permissions_alone(
    place: Path, kept: Path
) -> None:
    """No permission is known for NuGet's routes: an entry without any would not do."""
    text = DOWNLOAD.replace("generic/tool/1.0/tool.zip", "nuget/index.json")
    found = _why(_log(place, text.format(project="acme%2Flib%2Fcore")), "--from", kept)
    assert (found["cause"], found["remedy"]["permissions"]) == ("no_entry", None)
    narrow = _why(_log(place, text.format(project="acme%2Flib%2Fnarrow")), "--from", kept)
    assert "permission_missing" in [each["name"] for each in narrow["causes"]]


def test_the_jobs_own_outbound_limit_is_no_missing_entry(place: Path) -> None:
    projects: dict[str, Any] = {"acme/web/shop": {"outbound": True, "outbound_entries": []}}
    projects["acme/lib/core"] = {"entries": [{"project": "acme/web/shop"}]}
    write({"version": "17.5.0-ee", "projects": projects}, place / "old")
    found = _why(_log(place, REFUSED), "--from", place / "old")
    assert (found["cause"], found["remedy"]) == ("outbound_limit", None)


@pytest.mark.parametrize(
    "line", ["added 429 packages in 3s", "reading cert_manager.yaml", "rate limit remaining: 99"]
)
def test_an_ordinary_line_beside_a_refusal_does_not_explain_it(place: Path, line: str) -> None:
    found = _why(_log(place, f"{line}\n{REFUSED}"), "--offline")
    assert found["cause"] == "no_entry"
    bare = _why(f"{line}\nnpm error code E403", "--offline")
    assert "no_entry" in [each["name"] for each in bare["causes"]]


def test_who_cannot_see_the_target_gets_the_cause_and_a_text_too(
    place: Path, gitlab: Simulator, token: str
) -> None:
    del token
    told = call("why", _log(place, REFUSED), "--url", gitlab.url).expect(0)
    assert "Cause: the project's allowlist has no entry" in told.out
    assert "Not seen:" in told.out
    assert "acme/lib/core is not found or not visible to this token" in told.out
    assert "Please add acme/web/shop to the allowlist of acme/lib/core" in told.out
    assert "Terraform" not in told.out  # it needs the project's number


def test_without_a_token_the_log_still_tells(place: Path) -> None:
    told = call("why", _log(place, REFUSED), "--url", "https://gitlab.example.com").expect(0)
    assert "Cause: " in told.out
    assert "token" in told.out.partition("Not seen:")[2]


def test_a_file_that_is_not_there_is_no_text(place: Path) -> None:
    call("why", "missing.log", "--offline").expect(2, "cannot be read")
    call("why", "x y", "--offline", "--from", "z").expect(2, "do not go together")
