"""`config init --owners FILE`: a CODEOWNERS-style file becomes `owners:`, and what does not is said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint.config.codeowners import owners_text, read_codeowners
from scopelint.testing import write
from tests.cli.kit import call

FILE = """\
# Who answers for which group.
* @acme/platform
/acme/web/ @acme/web-leads @mia
/acme/web/old @archive
tools/ dev@example.com

[Payments][2] @acme/pay
/acme/pay/
/acme/pay/api @acme/api

^[Docs]
/acme/docs/*   @docs
\\#odd @odd
/with\\ space/ @space
!/acme/web/lab
/acme/roles/ @@maintainer
/acme/none/
/acme/word/ someone
/acme/two/ @two # @three
"""


def test_each_line_is_a_pattern_of_project_paths() -> None:
    taken, _ = read_codeowners(FILE)
    assert [(each.line, each.glob, each.owners) for each in taken] == [
        (2, "**", ("@acme/platform",)),
        (3, "acme/web/**", ("@acme/web-leads", "@mia")),
        (4, "acme/web/old/**", ("@archive",)),
        (5, "**/tools/**", ("dev@example.com",)),
        (8, "acme/pay/**", ("@acme/pay",)),
        (9, "acme/pay/api/**", ("@acme/api",)),
        (12, "acme/docs/*", ("@docs",)),
        # GitLab knows no comment behind a pattern, and takes owners in it.
        (19, "acme/two/**", ("@two", "@three")),
    ]


def test_what_is_not_taken_is_said_with_its_line() -> None:
    _, passed = read_codeowners(FILE)
    assert [(each.line, each.why) for each in passed] == [
        (13, 'no project\'s path is like "#odd"'),
        (14, 'no project\'s path is like "/with space/"'),
        (15, '"!/acme/web/lab" takes paths out, which owners: cannot say'),
        (16, '"@@maintainer" is a role, and each project has other people in it'),
        (16, '"/acme/roles/" has no owner'),
        (17, '"/acme/none/" has no owner'),
        (18, '"someone" is no owner: one is a @name or an email address'),
        (18, '"/acme/word/" has no owner'),
        (19, '"#" is no owner: one is a @name or an email address'),
    ]


@given(st.text(max_size=300) | st.lists(st.sampled_from(FILE.splitlines())).map("\n".join))
def test_any_text_is_read_line_by_line(text: str) -> None:
    taken, passed = read_codeowners(text)
    lines = list(owners_text(taken, passed, "CODEOWNERS"))
    assert len(lines) == 1 + len(taken) + len(passed)
    assert not any("\n" in line for line in lines)


def test_the_written_file_is_a_config_that_says_the_same(tmp_path: Path) -> None:
    Path("CODEOWNERS").write_text(FILE)
    done = call("config", "init", "--owners", "CODEOWNERS").expect(0)
    assert "CODEOWNERS:15: not taken:" in done.err
    call("config", "check").expect(0)
    path = tmp_path / "s.snapshot"
    projects = dict.fromkeys(
        ("acme/web/shop", "acme/web/old", "acme/pay/api/v1", "x/tools/y", "z/a")
    )
    write({"targets": ["acme", "x", "z"], "projects": projects}, path)
    call("check", path, "--report", "csv=r-{owner}.csv").expect(0)
    assert {each.name for each in Path().glob("r-*.csv")} == {
        "r-acme-web-leads.csv",
        "r-archive.csv",
        "r-acme-api.csv",
        "r-dev-example.com.csv",
        "r-acme-platform.csv",
    }


def test_a_file_of_files_is_told_by_the_projects_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "s.snapshot"
    write({"projects": {"acme/web/shop": {}}}, path)
    Path("CODEOWNERS").write_text("/acme/web/ @web\n/docs/ @docs\n*.rb @ruby\n")
    done = call("config", "init", "--owners", "CODEOWNERS", "--from", path).expect(0)
    assert "CODEOWNERS:2: docs/** matches no project of" in done.err
    assert "CODEOWNERS:3: **/*.rb/** matches no project of" in done.err
    assert "CODEOWNERS:1:" not in done.err


def test_a_file_without_a_line_to_take_is_refused() -> None:
    Path("CODEOWNERS").write_text("# nothing\n")
    call("config", "init", "--owners", "CODEOWNERS").expect(2, "names no owner")
    assert not Path("scopelint.yml").exists()
    call("config", "init", "--owners", "missing").expect(2, "missing")


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"/a/ @b\x00\n"])
def test_a_file_that_is_no_text_is_refused(data: bytes) -> None:
    Path("CODEOWNERS").write_bytes(data)
    call("config", "init", "--owners", "CODEOWNERS").expect(2, "CODEOWNERS")
