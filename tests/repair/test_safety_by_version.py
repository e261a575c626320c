"""What a change means hangs on the release: ADMIN_X includes READ_X since GitLab 17.10 only."""

import pytest

from scopelint.model import AllowlistEntry, Project, Scope
from scopelint.repair.safety import Assumptions, check_safety


def allowing(*policies: str) -> Project:
    entry = AllowlistEntry("project", 2, "acme/tool", False, policies)
    return Project(1, "acme/shop", scope=Scope(True, True, entries=(entry,)))


@pytest.mark.parametrize(("version", "gains"), [((17, 9), True), ((17, 10), False)])
def test_adding_read_beside_admin_gives_access_where_admin_does_not_include_it(
    version: tuple[int, int], gains: bool
) -> None:
    before, after = allowing("ADMIN_JOBS"), allowing("ADMIN_JOBS", "READ_JOBS")
    assumptions = Assumptions(version, assume_fine_grained=True)
    assert bool(check_safety(before, after, assumptions).gains) is gains
    assert check_safety(after, before, assumptions).narrows is gains
