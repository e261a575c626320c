"""REST: issues, notes and external controls, as GitLab serves them."""

import hashlib
import hmac
import time

import pytest

from tests.simulator import kit

ISSUES = "/projects/101/issues"
NOTES = "/projects/101/merge_requests/7/notes"
STATUS = "/projects/101/compliance_external_controls/5/status"
INSTANCE = f"""{kit.INSTANCE}
merge_requests: [{{project: acme/web/shop, iid: 7}}]
controls: [{{id: 5, secret: of-the-control, projects: [acme/web/shop]}}]
"""


def signed(
    path: str = STATUS, *, secret: str = "of-the-control", age: int = 0, nonce: str = "n1"
) -> dict[str, str]:
    moment = str(int(time.time()) - age)
    told = f"{moment}{nonce}/api/v4{path}status=pass".encode()
    return {
        "X-Gitlab-Timestamp": moment,
        "X-Gitlab-Nonce": nonce,
        "X-Gitlab-Hmac-Sha256": hmac.new(secret.encode(), told, hashlib.sha256).hexdigest(),
    }


def test_an_issue_is_made_found_and_changed() -> None:
    """doc/api/issues.md."""
    with kit.serve(instance=INSTANCE) as world:
        bot = world.client("t-write")
        given = {"title": "One", "description": "Word", "labels": "a,b", "confidential": True}
        made = bot.rest("POST", ISSUES, json=given)
        assert made.status_code == 201
        issue = made.json()
        assert (issue["iid"], issue["state"], issue["confidential"]) == (1, "opened", True)
        assert issue["author"]["username"] == "bot"
        for query, number in (
            ("?labels=a,b", 1),
            ("?labels=c", 0),
            ("?state=closed", 0),
            ("?search=WORD&in=description", 1),
            ("?search=word&in=title", 0),
        ):
            assert len(bot.get(ISSUES + query)) == number, query
        changed = bot.rest("PUT", f"{ISSUES}/1", json={"state_event": "close", "add_labels": "c"})
        assert (changed.json()["state"], changed.json()["labels"]) == ("closed", ["a", "b", "c"])
        assert bot.rest("PUT", f"{ISSUES}/1", json={"state_event": "melt"}).status_code == 400
        assert bot.rest("PUT", f"{ISSUES}/2", json={"title": "x"}).status_code == 404
        assert bot.rest("POST", ISSUES, json={}).status_code == 400


def test_a_confidential_issue_is_not_for_everybody() -> None:
    """doc/user/project/issues/confidential_issues.md: for Planner and higher, and its author."""
    text = INSTANCE.replace(
        "{user: dev, on: acme, role: developer}", "{user: dev, on: acme, role: guest}"
    )
    with kit.serve(instance=text) as world:
        bot, guest = world.client("t-write"), world.client("t-dev")
        bot.rest("POST", ISSUES, json={"title": "One", "confidential": True})
        assert guest.get(ISSUES) == []
        assert guest.rest("PUT", f"{ISSUES}/1", json={"title": "x"}).status_code == 404
        own = guest.rest("POST", ISSUES, json={"title": "Two", "labels": "a", "confidential": True})
        assert own.json()["labels"] == [], "labels are for Planner and higher"
        assert [issue["title"] for issue in guest.get(ISSUES)] == ["Two"]
        assert world.client("t-mia").rest("GET", ISSUES).status_code == 404


def test_a_description_is_bounded_and_its_quick_actions_run() -> None:
    with kit.serve(instance=INSTANCE) as world:
        bot = world.client("t-write")
        long = {"title": "One", "description": "x" * 1_048_577}
        assert bot.rest("POST", ISSUES, json=long).status_code == 400
        text = "Hi @mia, `@dev`\n/close\n```\n/label ~x @root\n```\n\\@web <!-- @bot -->"
        made = bot.rest("POST", ISSUES, json={"title": "One", "description": text})
        assert "/close" not in made.json()["description"]
        delivery = world.simulator.instance.delivery
        assert (delivery.actions, delivery.mentions) == (["/close"], {"mia"})


def test_notes_are_listed_changed_and_taken_off() -> None:
    """doc/api/notes.md: a note is its author's, and a Maintainer's."""
    with kit.serve(instance=INSTANCE) as world:
        bot, dev = world.client("t-write"), world.client("t-dev")
        for number in range(3):
            assert dev.rest("POST", NOTES, json={"body": f"n{number}"}).status_code == 201
        assert [note["body"] for note in dev.get(NOTES)] == ["n2", "n1", "n0"]
        oldest = dev.get(f"{NOTES}?sort=asc&per_page=1")
        assert [note["body"] for note in oldest] == ["n0"]
        note = f"{NOTES}/{oldest[0]['id']}"
        assert bot.rest("PUT", note, json={"body": "by a Maintainer"}).status_code == 200
        bots = bot.rest("POST", NOTES, json={"body": "of the bot"}).json()["id"]
        assert dev.rest("PUT", f"{NOTES}/{bots}", json={"body": "x"}).status_code == 403
        assert dev.rest("DELETE", note).status_code == 204
        assert dev.rest("DELETE", note).status_code == 404
        missing = NOTES.replace("/7/", "/8/")
        assert dev.rest("GET", missing).status_code == 404
        assert dev.rest("POST", NOTES, json={}).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        (signed(), "pass", 200),
        (signed(secret="another"), "pass", 401),
        (signed(age=60), "pass", 401),
        (signed("/projects/101/x"), "pass", 401),
        ({}, "pass", 401),
        (signed(), "fail", 401),
        (signed(), "perhaps", 400),
    ],
)
def test_a_status_is_signed(headers: dict[str, str], status: str, code: int) -> None:
    """doc/api/external_controls.md; a signature for `pass` is none for `fail`."""
    with kit.serve(instance=INSTANCE) as world:
        client = world.client("t-write")
        fresh = signed() if code == 200 else headers
        answer = client.rest("PATCH", STATUS, data={"status": status}, headers=fresh)
        assert answer.status_code == code, answer.text
        if code == 200:
            again = client.rest("PATCH", STATUS, data={"status": status}, headers=fresh)
            assert again.status_code == 401, "a nonce holds once"


def test_a_control_is_for_the_projects_of_its_framework() -> None:
    with kit.serve(instance=INSTANCE) as world:
        client = world.client("t-write")
        for path in (STATUS.replace("101", "102"), STATUS.replace("/5/", "/6/")):
            headers = signed(path, nonce="n2")
            answer = client.rest("PATCH", path, data={"status": "pass"}, headers=headers)
            assert answer.status_code == 404
        assert client.rest("PATCH", STATUS, data={"status": "pass"}).status_code == 401
    with kit.serve(instance=INSTANCE, enterprise=False) as world:
        answer = world.client("t-write").rest("PATCH", STATUS, data={"status": "pass"})
        assert answer.status_code == 404


def test_writes_need_the_scope_api_and_a_user() -> None:
    with kit.serve(instance=INSTANCE) as world:
        for path in (ISSUES, NOTES):
            assert world.client("t-read").rest("POST", path, json={"title": "x"}).status_code == 403
            assert world.client(None).rest("POST", path, json={"title": "x"}).status_code == 401
            assert world.client("glcbt-job").rest("POST", path, json={}).status_code == 401
