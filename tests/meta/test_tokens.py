"""The smallest token for each job: one table in the code, and pages that agree with it."""

import re

import pytest

from scopelint.cli import COMMANDS
from scopelint.gitlab.token_needs import AUDIT_EVENTS, CHANGE, GROUP, LOG, NEEDS, PROJECT, rows
from tests.meta.sources import ROOT

PAGES = ("rules/scopelint_rules/scope_unreadable.md", "rules/scopelint_rules/scan_incomplete.md")


@pytest.mark.parametrize("page", PAGES)
def test_pages_that_say_which_token_to_make_name_role_scope_and_permissions(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "Maintainer" in text
    assert all(f"`{name}`" in text for name in (*GROUP.scopes, *GROUP.permissions))


def test_each_job_names_commands_that_there_are_and_a_token_that_does_it() -> None:
    for need in NEEDS:
        commands = re.findall(r"`([a-z-]+)", need.commands)
        assert commands, need.job
        assert set(commands) <= set(COMMANDS), need.job
        assert need.scopes, need.job
    assert len({need.job for need in NEEDS}) == len(NEEDS)


def test_only_what_changes_gitlab_needs_the_scope_to_write() -> None:
    assert [need.job for need in NEEDS if "api" in need.scopes] == [CHANGE.job]
    assert set(PROJECT.permissions) < set(GROUP.permissions)


def test_a_permission_that_no_page_of_gitlab_tells_is_not_called_none() -> None:
    cells = {row[0]: row[4] for row in rows()}
    assert cells[AUDIT_EVENTS.words] == "not known"
    assert cells[LOG.words] == "none will do"
    assert cells[PROJECT.words].startswith("`")


def test_no_page_names_a_scope_that_no_job_needs() -> None:
    known = {scope for need in NEEDS for scope in need.scopes}
    # What a deploy token needs that fetches scopelint itself.
    known |= {"read_repository", "read_registry", "read_package_registry"}
    for page in (ROOT / "docs").glob("*.md"):
        if page.name == "simulator.md":
            continue
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"scopes? `([a-z_]+)`", text)
        assert set(named) <= known, page.name
