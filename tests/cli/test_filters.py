"""`--include`, `--exclude` and `--trusted`: checked like a file's globs, and never without effect unsaid."""

from pathlib import Path

import pytest

from scopelint_simulator import Simulator
from tests.cli.kit import call

WRONG = (
    ("https://gitlab.example.com/acme/web/-/settings", "write acme/web"),
    ("https://gitlab.example.com/groups/acme/web/**", "write acme/web/**"),
    ("/acme/**", "write acme/**"),
    ("acme/web/", "write acme/web"),
    ("acme//web", "write acme/web"),
)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("option", ["--include", "--exclude", "--trusted"])
@pytest.mark.parametrize(("glob", "advice"), WRONG)
def test_a_glob_that_no_path_can_match_is_refused_as_in_a_file(
    gitlab: Simulator, option: str, glob: str, advice: str
) -> None:
    found = call("scan", "acme", "--url", gitlab.url, option, f"acme/*,{glob}")
    found.expect(2, option, glob, advice)
    assert gitlab.counts.total() == 0
    Path("scopelint.yml").write_text(f"trusted: ['{glob}']\n")
    call("config", "check").expect(2, advice)


@pytest.mark.usefixtures("token")
def test_a_filter_that_matches_nothing_is_said(gitlab: Simulator, place: Path) -> None:
    given = ("collect", "acme", "--url", gitlab.url, "-q", "-o")
    found = call(*given, place / "one", "--exclude", "acme/gone/**,acme/tool").expect(0)
    assert found.err == "warning: --exclude acme/gone/** matches no project of the targets\n"
    found = call(*given, place / "two", "--include", "acme/**", "--exclude", "acme/web").expect(0)
    assert found.err == (
        "warning: --exclude acme/web matches no project of the targets; acme/web/** would match"
        " what is below it\n"
    )
