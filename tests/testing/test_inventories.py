"""Described inventories: what is read back is what was said."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from scopelint.errors import ConfigError
from scopelint.model import AllowlistEntry, Fact, Gap, Project, Reason, Target, TokenUse
from scopelint.snapshot import Snapshot
from scopelint.testing import inventory, write


def only(description: str) -> Project:
    with inventory(description) as observed:
        [project] = observed.projects()
    return project


def test_by_default_a_project_is_private_read_restricted_and_empty() -> None:
    project = only("projects: {acme/web/shop:}")
    assert (project.id, project.path, project.name) == (1001, "acme/web/shop", "shop")
    assert project.web_url == "https://gitlab.example.com/acme/web/shop"
    assert (project.visibility, project.archived, project.personal) == ("private", False, False)
    assert project.scope is not None
    assert (project.scope.inbound_own, project.scope.inbound_effective) == (True, True)
    assert (project.scope.entries, project.scope.outbound_entries) == ((), ())
    assert project.scope.uses is None


def test_the_frame_of_the_scan() -> None:
    with inventory(
        """
        instance: https://git.acme.test:8443/gitlab
        version: "17.10"
        api: rest
        enforcement: off
        administrator: true
        unavailable: {permissions: REST does not show them}
        targets: [acme/web]
        finished_at: 2026-02-03T04:05:06Z
        projects: {}
        """
    ) as observed:
        scan = observed.scan
    assert scan.instance == "https://git.acme.test:8443/gitlab"
    assert scan.version == (17, 10)
    assert (scan.api, scan.enforcement, scan.administrator) == ("rest", "off", True)
    assert scan.unavailable == {Fact.PERMISSIONS: "REST does not show them"}
    assert scan.targets == ("acme/web",)
    assert observed.as_of == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_entries_keep_every_field_and_get_their_ids_by_path() -> None:
    project = only(
        """
        projects:
          acme/web/shop:
            id: 5
            entries:
              - {group: acme/web}
              - {group: partner, id: 77, autopopulated: true}
              - {project: partner/sdk, policies: [READ_PACKAGES], added_by: mia}
              - {project: acme/web/shop, default_permissions: false}
              - {gone: project, created_at: 2026-01-02T03:04:05Z}
              - {project: a/rest, default_permissions: null, policies: null}
        """
    )
    assert project.scope is not None
    by_path = {entry.target_path: entry for entry in project.scope.entries}
    assert by_path["acme/web"].target_id == 2
    assert by_path["partner"] == AllowlistEntry("group", 77, "partner", autopopulated=True)
    sdk = by_path["partner/sdk"]
    assert (sdk.default_permissions, sdk.policies, sdk.added_by) == (
        False,
        ("READ_PACKAGES",),
        "mia",
    )
    assert by_path["acme/web/shop"].target_id == project.id == 5
    assert by_path["acme/web/shop"].default_permissions is False
    gone = by_path[None]
    assert (gone.kind, gone.target_id) == ("project", None)
    assert gone.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (by_path["a/rest"].default_permissions, by_path["a/rest"].policies) == (None, None)


def test_null_is_not_read_and_missing_facts_stay_missing() -> None:
    project = only(
        """
        projects:
          acme/shop: {inbound_own: null, outbound: null, outbound_entries: null, missing: [log]}
        """
    )
    assert project.scope is not None
    assert project.scope.inbound_own is None
    assert project.scope.inbound_effective is None
    assert (project.scope.outbound, project.scope.outbound_entries) == (None, None)
    assert project.scope.missing == {Fact.LOG}


def test_uses_outbound_entries_and_access_levels() -> None:
    project = only(
        """
        projects:
          acme/shop:
            uses: [{origin: acme/till, at: 2026-07-01T00:00:00Z}]
            outbound_entries: [{project: acme/till}]
            access_levels: {builds: private}
        """
    )
    assert project.scope is not None
    at = datetime(2026, 7, 1, tzinfo=UTC)
    number = (project.scope.outbound_entries or ())[0].target_id
    assert project.scope.uses == (TokenUse(number or 0, "acme/till", at),)
    assert project.access_levels == {"builds": "private"}


def test_unreadable_projects_have_a_gap() -> None:
    with inventory(
        """
        projects:
          acme/a: {unreadable: forbidden}
          acme/b: {unreadable: {reason: timed_out, detail: after 60 s}}
        """
    ) as observed:
        first, second = observed.projects()
        assert (observed.total, observed.read, observed.complete) == (2, 0, False)
    assert first.scope is None
    assert first.gap == Gap(Fact.SCOPE, Reason.FORBIDDEN, "", "project", 1001, "acme/a")
    assert second.gap is not None
    assert (second.gap.reason, second.gap.detail) == (Reason.TIMED_OUT, "after 60 s")


def test_groups_come_from_the_projects_inside_the_targets() -> None:
    with inventory(
        """
        targets: [acme/web]
        groups: [{path: acme/web/empty, visibility: public}]
        projects: {acme/web/cart/shop: {}, mia/scratch: {personal: true}}
        """
    ) as observed:
        groups = {group.path: group for group in observed.groups.values()}
    assert sorted(groups) == ["acme/web", "acme/web/cart", "acme/web/empty"]
    assert groups["acme/web/cart"].parent_id == groups["acme/web"].id
    assert groups["acme/web"].parent_id is None
    assert groups["acme/web/empty"].visibility == "public"


def test_targets_of_entries_are_visible_only_where_resolved_or_read() -> None:
    with inventory(
        """
        targets: [acme]
        projects:
          acme/shop: {entries: [{group: partner}, {project: a/b}, {project: c/d}, {group: acme}]}
        resolved:
          - {group: partner, projects: 12, visibility: internal}
          - {project: a/b, visible: false}
        """
    ) as observed:
        [project] = observed.projects()
        assert project.scope is not None
        seen = {entry.target_path: observed.target(entry) for entry in project.scope.entries}
    assert seen["partner"] is not None
    assert (seen["partner"].project_count, seen["partner"].visibility) == (12, "internal")
    assert seen["a/b"] is None
    assert seen["c/d"] is None
    assert isinstance(seen["acme"], Target)


def test_excluded_projects_count_and_listed_ones_were_not_reached() -> None:
    with inventory(
        """
        projects: {acme/shop: {entries: [{group: acme}]}}
        excluded: [acme/old]
        listed: [acme/new]
        finished_at: null
        """
    ) as observed:
        [project] = observed.projects()
        assert project.scope is not None
        count = observed.project_count(project.scope.entries[0])
        assert (observed.total, observed.read) == (2, 1)
    assert count is not None
    assert (count.number, count.exact) == (3, False)


def test_gaps_of_the_run_and_of_one_subject() -> None:
    with inventory(
        """
        projects: {acme/shop: {}}
        gaps:
          - {fact: enumeration, reason: timed_out, detail: page 7, group: acme}
          - {fact: shard}
        """
    ) as observed:
        assert observed.gaps == (
            Gap(Fact.ENUMERATION, Reason.TIMED_OUT, "page 7", "group", 1, "acme"),
            Gap(Fact.SHARD, Reason.ERROR),
        )


def test_the_whole_instance() -> None:
    with inventory(
        {"whole_instance": True, "administrator": True, "projects": {"a/b/c": None}}
    ) as observed:
        assert observed.scan.targets == ("instance",)
        assert observed.in_read_tree("anything/at/all")
        assert sorted(group.path for group in observed.groups.values()) == ["a", "a/b"]


@pytest.mark.parametrize(
    ("description", "part"),
    [
        ("{}", "projects"),
        ("{projects: {acme/a: {inbound: false}}}", "inbound"),
        ("{projects: {}, version: 17.10}", "version"),
        ("{projects: {acme/a: {entries: [{group: a, project: b}]}}}", "one of"),
        ("{projects: {acme/a: {entries: [{}]}}}", "one of"),
        ("{projects: {}, resolved: [{projects: 3}]}", "one of"),
        ("{projects: {acme/a: {missing: [nothing]}}}", "missing"),
        ("{projects: {acme/a: {id: 1}}, resolved: [{project: acme/a, id: 2}]}", "two ids"),
        (
            "{projects: {acme/a: {entries: [{group: x}, {project: x}, {group: x}]}}}",
            "two entries of one list for one target",
        ),
    ],
)
def test_a_description_that_is_off_is_refused(description: str, part: str) -> None:
    with pytest.raises(ValueError, match=part), inventory(description):
        pass


def test_a_key_may_come_once_and_off_is_no_boolean() -> None:
    with (
        pytest.raises(ConfigError, match=r"^<inventory>:1:21: .*given twice"),
        inventory("projects: {a/b: {}, a/b: {}}"),
    ):
        pass
    with (
        pytest.raises(ValidationError, match="archived"),
        inventory("projects: {a/b: {archived: maybe}}"),
    ):
        pass


def test_write_leaves_a_snapshot_file(tmp_path: Path) -> None:
    file = tmp_path / "inventory.db"
    write("projects: {acme/shop: {}}", file)
    with Snapshot(file) as snapshot:
        assert list(snapshot.project_paths()) == [(1001, "acme/shop")]
