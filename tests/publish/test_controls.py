"""`publish controls`: each project's verdict, signed, unknown never as a pass."""

import hashlib
import hmac
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from scopelint.gitlab.delivery import signature
from scopelint.text import Secret
from scopelint_simulator import Faults, Simulator, load_instance
from tests.cli.kit import call
from tests.publish.kit import (
    CLOSED,
    INSTANCE,
    OPEN,
    PUBLISHER,
    SECRET,
    UNREAD,
    publish,
    report,
    steps,
)

TREE = {
    "acme/web/shop": OPEN,
    "acme/web/till": CLOSED,
    "acme/lib/core": UNREAD,
    "acme/lib/more": CLOSED,
}
GIVEN = ("--control", "5", "--state", "state.jsonl")
SENDING = "PATCH /projects/:id/compliance_external_controls/:control_id/status"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPELINT_CONTROL_SECRET", SECRET)


def statuses(gitlab: Simulator) -> dict[int, str]:
    return gitlab.instance.delivery.controls[5].statuses


def sent(gitlab: Simulator) -> int:
    return gitlab.counts[f"rest:{SENDING}"]


def test_the_signature_covers_time_nonce_path_and_status() -> None:
    headers = signature("/gitlab/api/v4/projects/1/x", "pass", Secret("a secret"))
    moment, nonce = headers["X-Gitlab-Timestamp"], headers["X-Gitlab-Nonce"]
    told = f"{moment}{nonce}/gitlab/api/v4/projects/1/xstatus=pass".encode()
    expected = hmac.new(b"a secret", told, hashlib.sha256).hexdigest()
    assert headers["X-Gitlab-Hmac-Sha256"] == expected
    assert signature("/x", "pass", Secret("a secret"))["X-Gitlab-Nonce"] != nonce


def test_a_dry_run_writes_nothing(gitlab: Simulator, place: Path) -> None:
    said = publish(gitlab, "controls", report(gitlab, place, 1, TREE), *GIVEN).out
    assert "would send  1 project: fail\n" in said
    assert "would send  1 project: fail (not known)\n" in said
    assert "would send  2 projects: pass\n" in said
    assert sent(gitlab) == 0
    assert not (place / "state.jsonl").exists()


def test_each_project_gets_its_verdict_and_one_without_the_framework_is_named(
    gitlab: Simulator, place: Path
) -> None:
    """What is not known is sent as a fail: GitLab would go on showing an earlier pass."""
    path = report(gitlab, place, 1, TREE)
    said = publish(gitlab, "controls", path, *GIVEN, "--yes").out
    assert statuses(gitlab) == {11: "fail", 12: "pass", 13: "fail"}
    assert "  acme/lib/more: it is without the control's framework" in said
    again = publish(gitlab, "controls", path, *GIVEN, "--yes").out
    assert sent(gitlab) == 0
    assert "up to date  1 project: it is without the control's framework" in again
    assert "Everything is up to date" in again


def test_only_what_changed_is_sent_again(gitlab: Simulator, place: Path) -> None:
    publish(gitlab, "controls", report(gitlab, place, 1, TREE), *GIVEN, "--yes")
    repaired = TREE | {"acme/web/shop": CLOSED}
    publish(gitlab, "controls", report(gitlab, place, 2, repaired), *GIVEN, "--yes")
    assert sent(gitlab) == 1
    assert statuses(gitlab)[11] == "pass"
    told = publish(gitlab, "controls", report(gitlab, place, 1, TREE), *GIVEN, "--yes", "-fjson")
    assert sent(gitlab) == 0
    assert {"a newer report was sent"} == {
        each["detail"] for each in steps(told) if each["subject"] == "acme/web/shop"
    }


def test_unknown_is_never_sent_as_a_pass(gitlab: Simulator, place: Path) -> None:
    whole = TREE | {"acme/lib/core": CLOSED}
    publish(gitlab, "controls", report(gitlab, place, 1, whole), *GIVEN, "--yes")
    assert statuses(gitlab)[13] == "pass"
    lost = report(gitlab, place, 2, TREE)
    said = publish(gitlab, "controls", lost, *GIVEN, "--unknown", "skip", "--yes").out
    assert "not known, so nothing is sent; GitLab goes on showing pass" in said
    publish(gitlab, "controls", lost, *GIVEN, "--yes")
    assert statuses(gitlab)[13] == "fail"


def test_a_gap_is_unknown_also_where_no_rule_tells_it(gitlab: Simulator, place: Path) -> None:
    part = report(gitlab, place, 1, TREE, config="ignore: [SL9]\n")
    told = publish(gitlab, "controls", part, *GIVEN, "-f", "json")
    assert "Left out by the configuration: SL901, SL902 (ignore: SL9 in " in told.err
    [core] = [each for each in steps(told) if each["subject"] == "acme/lib/core"]
    assert core["detail"] == "fail (not known)"


@pytest.mark.parametrize("options", [("--select", "SL3"), ("--ignore", "SL101")])
def test_rules_chosen_by_an_option_are_refused(
    gitlab: Simulator, place: Path, options: tuple[str, str]
) -> None:
    """The shop fails by a rule that this report left out."""
    part = report(gitlab, place, 1, TREE, *options)
    told = publish(gitlab, "controls", part, *GIVEN, "--yes", code=2)
    assert f"the report was made with {' '.join(options)}: " in told.err
    assert sent(gitlab) == 0


def test_no_project_passes_where_a_rule_that_could_fail_it_was_not_judged(
    gitlab: Simulator, place: Path
) -> None:
    hidden = {
        "field:crossProjectPushForJobTokenAllowed": "REST does not show the cross-project push setting"
    }
    path = report(gitlab, place, 1, TREE, unavailable=hidden)
    told = publish(gitlab, "controls", path, *GIVEN, "--yes")
    assert "no project passes: SL602 was not judged: REST does not show the" in told.err
    assert statuses(gitlab) == {11: "fail", 12: "fail", 13: "fail"}
    skipped = publish(gitlab, "controls", path, *GIVEN, "--unknown", "skip", "-f", "json")
    details = {each["subject"]: each["detail"] for each in steps(skipped)}
    assert details["acme/web/till"].startswith("not known, so nothing is sent")
    # A rule that cannot fail a project at this level keeps none from passing.
    log = {"log": "the authentication log was not read (use --usage)"}
    publish(gitlab, "controls", report(gitlab, place, 2, TREE, unavailable=log), *GIVEN, "--yes")
    assert statuses(gitlab) == {11: "fail", 12: "pass", 13: "fail"}


def test_the_threshold_is_the_reports_or_the_users(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE, "--fail-on", "critical")
    for options, verdict in (((), "pass"), (("--fail-on", "high"), "fail")):
        told = publish(gitlab, "controls", path, *GIVEN, *options, "-f", "json")
        [shop] = [each for each in steps(told) if each["subject"] == "acme/web/shop"]
        assert shop["detail"] == verdict
    never = report(gitlab, place, 2, TREE, "--fail-on", "never")
    assert "--fail-on high" in publish(gitlab, "controls", never, *GIVEN, code=2).err


def test_a_wrong_secret_ends_the_run_and_is_never_shown(
    gitlab: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = report(gitlab, place, 1, TREE)
    monkeypatch.delenv("SCOPELINT_CONTROL_SECRET")
    told = publish(gitlab, "controls", path, *GIVEN, "--yes", code=2)
    assert "--secret-file, or set SCOPELINT_CONTROL_SECRET" in told.err
    (place / "secret").write_text("wrong-secret-of-the-tests\n")
    told = publish(
        gitlab, "controls", path, *GIVEN, "--yes", "-v", "--secret-file", "secret", code=4
    )
    assert "Is it this control's secret" in told.err
    assert "wrong-secret" not in told.text
    assert statuses(gitlab) == {}
    (place / "secret").write_text(SECRET)
    told = publish(
        gitlab,
        "controls",
        path,
        *GIVEN,
        "--yes",
        "-v",
        "--secret-file",
        "secret",
    )
    assert statuses(gitlab)
    assert SECRET not in told.text + (place / "state.jsonl").read_text()


def test_each_attempt_is_signed_anew(gitlab: Simulator, place: Path) -> None:
    """After a rate limit an old time would be refused, and a nonce holds once."""
    path = report(gitlab, place, 1, TREE)
    gitlab.faults = Faults(
        only="/compliance_external", rate_limit=2, rate_window=1.0, rate_limit_headers=False
    )
    publish(gitlab, "controls", path, *GIVEN, "--yes", "-j", "1")
    assert statuses(gitlab) == {11: "fail", 12: "pass", 13: "fail"}
    assert sent(gitlab) > 4


@pytest.mark.parametrize(
    "fault",
    [{"drop_rate": 0.4}, {"truncate_rate": 0.4}, {"error_rate": 0.4, "error_status": 502}],
)
def test_lost_answers_leave_every_status_right(
    gitlab: Simulator, place: Path, fault: dict[str, float]
) -> None:
    path = report(gitlab, place, 1, TREE)
    for seed in range(4):
        gitlab.faults = Faults(only="/compliance_external", seed=seed, **fault)  # type: ignore[arg-type]
        gitlab.reset_counts()
        call("publish", "controls", path, *GIVEN, "--yes", "--url", gitlab.url, "--no-config")
    gitlab.faults = Faults()
    publish(
        gitlab,
        "controls",
        path,
        *GIVEN,
        "--yes",
    )
    assert statuses(gitlab) == {11: "fail", 12: "pass", 13: "fail"}


def test_the_state_is_for_its_owner_and_survives_a_cut_line(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "controls", path, *GIVEN, "--yes")
    state = place / "state.jsonl"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    whole = state.read_text()
    state.write_text(whole[:-20])
    cut = json.loads(whole.splitlines()[-1])["project"]["path"]
    assert cut in TREE
    publish(
        gitlab,
        "controls",
        path,
        *GIVEN,
        "--yes",
    )
    assert sent(gitlab) == 1
    publish(gitlab, "controls", path, *GIVEN, "--yes")
    assert sent(gitlab) == 0
    told = publish(gitlab, "controls", path, "--control", "6", "--state", "state.jsonl", code=2)
    assert "is not the state of control 6" in told.err


def test_what_was_sent_long_ago_is_sent_again_where_asked(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    publish(gitlab, "controls", path, *GIVEN, "--yes")
    state = place / "state.jsonl"
    head, *lines = [json.loads(line) for line in state.read_text().splitlines()]
    for line in lines:
        line["at"] = "2026-01-01T00:00:00+00:00"
    state.write_text("".join(f"{json.dumps(line)}\n" for line in (head, *lines)))
    # Only the one that had not the framework: it may have it by now.
    publish(gitlab, "controls", path, *GIVEN, "--yes")
    assert sent(gitlab) == 1
    publish(gitlab, "controls", path, *GIVEN, "--yes", "--resend-after", "11")
    assert sent(gitlab) == 3


def test_a_project_that_gitlab_does_not_show_is_told_nothing(
    gitlab: Simulator, place: Path
) -> None:
    path = report(gitlab, place, 1, TREE | {"acme/hidden": CLOSED})
    told = publish(gitlab, "controls", path, *GIVEN, "-f", "json")
    [hidden] = [each for each in steps(told) if each["subject"] == "acme/hidden"]
    assert (hidden["status"], "not visible" in hidden["detail"]) == ("left", True)


def test_a_control_that_no_project_has_fails_the_run(gitlab: Simulator, place: Path) -> None:
    path = report(gitlab, place, 1, TREE)
    told = publish(gitlab, "controls", path, "--control", "6", "--yes", code=4)
    assert "nothing was written: it is without the control's framework, or there is no" in told.err


def test_the_signature_holds_below_a_relative_root(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPELINT_TOKEN", PUBLISHER)
    with Simulator(load_instance(INSTANCE), root="/gitlab") as gitlab:
        path = report(gitlab, place, 1, TREE)
        publish(gitlab, "controls", path, *GIVEN, "--yes")
        assert statuses(gitlab) == {11: "fail", 12: "pass", 13: "fail"}
        publish(gitlab, "issues", path, "--project", "acme/security", "--yes")
        assert gitlab.counts["writes"] == 1


def test_a_kill_at_any_moment_leaves_every_status_right(
    gitlab: Simulator, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = report(gitlab, place, 1, TREE)
    send, left = HTTPAdapter.send, 0

    def killed(self: HTTPAdapter, *words: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        found = send(self, *words, **options)
        if left == 0:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(HTTPAdapter, "send", killed)
    given = ("publish", "controls", path, *GIVEN, "--yes", "-j", "1", "--url", gitlab.url)
    kills = 0
    for left in range(1, 9):
        (place / "state.jsonl").unlink(missing_ok=True)
        statuses(gitlab).clear()
        kills += call(*given, "--no-config").code == 130
        left = 0
        publish(gitlab, "controls", path, *GIVEN, "--yes")
        assert statuses(gitlab) == {11: "fail", 12: "pass", 13: "fail"}
    assert kills >= 6
