"""Versions of GitLab: how they are read, and that one not known answers no question."""

import pytest

from scopelint.versions import (
    OUTBOUND_REMOVED,
    UNKNOWN,
    Version,
    at_least,
    before,
    cross_project_push_counts,
    flags_of,
    is_known,
    outbound_counts,
    own_push_counts,
    parse_version,
    permissions_in_force,
    permissions_switched,
    possible,
    since,
)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("18.5.0-ee", Version(18, 5)),
        ("18.9.0-pre", Version(18, 9)),
        ("17.11", Version(17, 11)),
        ("19.0-pre", Version(19, 0)),
        ("", UNKNOWN),
        ("18", UNKNOWN),
        ("main", UNKNOWN),
        ("18.x", UNKNOWN),
        ("9" * 5000 + ".1", UNKNOWN),
        ("18.5rc1", UNKNOWN),
        (" 18.5", UNKNOWN),
        ("\N{ARABIC-INDIC DIGIT ONE}8.5", UNKNOWN),
    ],
)
def test_what_gitlab_tells_is_read_and_anything_else_is_not_known(
    text: str, version: Version
) -> None:
    assert parse_version(text) == version


def test_a_version_is_shown_as_gitlab_writes_it() -> None:
    assert f"since {Version(18, 10)}" == "since 18.10"


def test_minor_versions_are_compared_as_numbers() -> None:
    assert since(Version(17, 11), Version(17, 9)) is True
    assert before(Version(17, 9), Version(17, 11)) is True
    assert since(Version(18, 0), OUTBOUND_REMOVED) is True
    assert before(Version(18, 0), OUTBOUND_REMOVED) is False


def test_a_version_not_known_answers_nothing() -> None:
    assert not is_known(parse_version("?"))
    assert since(UNKNOWN, OUTBOUND_REMOVED) is None
    assert before(UNKNOWN, OUTBOUND_REMOVED) is None
    assert outbound_counts(UNKNOWN) is None
    assert permissions_switched(UNKNOWN) is None
    assert at_least(UNKNOWN, OUTBOUND_REMOVED) == OUTBOUND_REMOVED


@pytest.mark.parametrize(
    ("version", "switched", "outbound"),
    [
        (Version(17, 6), False, True),
        (Version(17, 7), True, True),
        (Version(17, 11), True, True),
        (Version(18, 0), True, False),
        (Version(18, 2), True, False),
        (Version(18, 3), False, False),
    ],
)
def test_what_counts_in_a_release(version: Version, switched: bool, outbound: bool) -> None:
    assert permissions_switched(version) is switched
    assert outbound_counts(version) is outbound
    assert possible(version) == (version,)


def test_a_version_not_known_may_be_of_any_way_of_deciding() -> None:
    ways = {
        (outbound_counts(one), permissions_switched(one), since(one, Version(18, 1)))
        for one in (Version(major, minor) for major in (16, 17, 18, 19) for minor in range(12))
    }
    assert ways == {
        (outbound_counts(one), permissions_switched(one), since(one, Version(18, 1)))
        for one in possible(UNKNOWN)
    }


@pytest.mark.parametrize(
    ("version", "asked"),
    [
        ((17, 1), ()),
        ((17, 2), ("allow_push_repository_for_job_token",)),
        ((17, 7), ("allow_push_repository_for_job_token", "add_policies_to_ci_job_token")),
        ((17, 10), ("allow_push_repository_for_job_token", "add_policies_to_ci_job_token")),
        ((17, 11), ("allow_push_repository_for_job_token",)),
        ((18, 3), ("allow_push_repository_for_job_token",)),
        ((18, 4), ()),
        ((18, 9), ()),
        ((19, 0), ("allow_push_to_allowlisted_projects",)),
        ((19, 1), ()),
        (UNKNOWN, ()),
    ],
)
def test_flags_are_asked_where_one_decides(
    version: tuple[int, int], asked: tuple[str, ...]
) -> None:
    assert flags_of(version) == asked


def test_a_flag_that_is_on_proves_it_and_one_that_is_off_proves_nothing() -> None:
    on = dict.fromkeys(
        (*flags_of((17, 7)), *flags_of((19, 0))),
        True,
    )
    off = dict.fromkeys(on, False)
    assert own_push_counts((18, 3), on) is True
    assert own_push_counts((18, 3), off) is None
    assert own_push_counts((17, 1), on) is False
    assert own_push_counts((18, 4), off) is True
    assert cross_project_push_counts((19, 0), on) is True
    assert cross_project_push_counts((19, 0), off) is None
    assert cross_project_push_counts((18, 9), on) is False
    assert permissions_in_force((17, 9), on, None) is True
    assert permissions_in_force((17, 9), on, False) is True
    assert permissions_in_force((17, 9), off, None) is None
    assert permissions_in_force((17, 9), off, False) is False
    assert permissions_in_force((17, 11), on, None) is None
