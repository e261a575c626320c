"""Every finder, on any text: it ends, it says what it could not read, and it keeps no secret."""

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.finder import MAX_BYTES, MAX_LINES, FileReading, Finder, GitLabSite
from scopelint.testing import FinderCase, load_finder_cases
from tests.examples import examples
from tests.finders.catalogue import FINDERS, case_file

SITE = GitLabSite.from_url("https://gitlab.example.com")
PROJECT = "acme/web/shop"
CASES = [
    pytest.param(finder, case, id=f"{finder.name}-{case.name}")
    for finder in FINDERS
    for case in load_finder_cases(case_file(finder))
]
every_finder = pytest.mark.parametrize("finder", FINDERS, ids=lambda finder: finder.name)
every_case = pytest.mark.parametrize(("finder", "case"), CASES)
PIECES = [
    *("$", "${", "}", "$(", "`", "%CI_PROJECT_ID%", "$[[ inputs.x ]]", "\\", "\t", "\n", '"', "'"),
    *(
        "//",
        "://",
        "@",
        ":",
        "=",
        "{",
        "[",
        "]",
        "<",
        ">",
        "|",
        "&x",
        "*x",
        "!reference [x, y]",
        "#",
    ),
    *("https://gitlab.example.com/", "acme/lib", ".git", "/api/v4", "/projects/", "%2F", "12"),
    *("registry.gitlab.example.com/acme/a:1", "CI_JOB_TOKEN", "gitlab-ci-token:", "JOB-TOKEN: "),
    *(
        "curl ",
        "git clone ",
        "docker pull ",
        "machine ",
        "insteadOf ",
        "script:",
        "job:",
        "- ",
        "  ",
    ),
    *("\ue000", "\ue001", "\u2028", "\x85", "\x1b[31m", "\ufeff", "é", "\U0001f600"),
]


@cache
def lines(finder: type[Finder]) -> list[str]:
    """The lines of the finder's cases."""
    texts = [case.body.text for case in load_finder_cases(case_file(finder))]
    return sorted({line for text in texts for line in text.split("\n")})


def read(finder: type[Finder], content: bytes | str, path: str | None = None) -> FileReading:
    return finder().read(content, path=path or finder.paths[0], project=PROJECT, site=SITE)


def holds(reading: FileReading) -> None:
    """Check what a reader of any reading may rely on."""
    if reading.outcome == "not read":
        assert reading.not_read
        assert not reading.references
        assert not reading.read_next
    for each in reading.references:
        assert each.line >= 1
        assert len(each.written) <= 255
        assert each.written.isprintable()
        for target in each.targets:
            assert str(target).isprintable()
            assert (target.path or "") != PROJECT
        assert each.targets or each.variable is not None or each.group is not None or each.note


@every_finder
@given(data=st.data())
def test_any_lines_and_pieces_are_read(finder: type[Finder], data: st.DataObject) -> None:
    made = st.one_of(
        st.sampled_from(lines(finder)), st.lists(st.sampled_from(PIECES)).map("".join), st.text()
    )
    text = data.draw(st.lists(made).map("\n".join))
    holds(read(finder, text, data.draw(st.sampled_from(finder.paths))))


@every_finder
@given(content=st.binary())
def test_any_bytes_are_read(finder: type[Finder], content: bytes) -> None:
    holds(read(finder, content))


HOSTILE = {
    "binary": (b"\x7fELF\x00\x01\x02", "it is not text"),
    "not-utf-8": (b"image: caf\xe9\n", "it is not UTF-8"),
    "utf-16": ("image: x\n".encode("utf-16"), "it is not UTF-8"),
    "a-million-lines": (b"\n" * 1_000_000, f"it has more than {MAX_LINES:,} lines"),
    "too-large": (b"#" * (MAX_BYTES + 1), "it is larger than"),
    "half-a-surrogate": ("image: \ud800\n", "it is not UTF-8"),
}


@every_finder
@pytest.mark.parametrize(("content", "why"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_text_of_a_size_is_not_read(
    finder: type[Finder], content: bytes | str, why: str
) -> None:
    reading = read(finder, content)
    assert reading.outcome == "not read"
    # A finder may take less than the others do.
    assert (reading.not_read or "").startswith((why, "it is larger than"))


NAMED = {finder.name: finder for finder in FINDERS}
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP = {
    "yaml-bomb": ("gitlab-ci", BOMB),
    "yaml-deep": ("gitlab-ci", "[" * 10_000),
    "yaml-chain": ("gitlab-ci", "".join(f"j{n}: {{extends: j{n + 1}}}\n" for n in range(5_000))),
    "yaml-wide": (
        "gitlab-ci",
        ".x:\n  script:\n"
        + "    - make\n" * 1000
        + "".join(f"j{n}: {{extends: .x}}\n" for n in range(500)),
    ),
    "helm-bomb": ("helm", BOMB),
    "json-deep": ("npm", '{"dependencies":' + "[" * 100_000),
    "json-list": ("composer", "[]"),
    "toml-deep": ("python-packages", "x = " + "[" * 100_000),
    "toml-key": ("python-packages", "x." * 100_000 + "y = 1"),
    "xml-open": ("maven", "<a>" * 100_000),
    "hcl-deep": ("terraform", 'module "x" {\n a = ' + "[" * 2_000 + "]" * 2_000 + "\n}\n"),
}


@pytest.mark.parametrize(("name", "text"), DEEP.values(), ids=DEEP)
def test_what_grows_or_nests_without_end_is_not_read(name: str, text: str) -> None:
    assert read(NAMED[name], text).outcome == "not read"


def test_deep_xml_costs_nothing() -> None:
    text = "<a>" * 100_000 + "</a>" * 100_000
    assert read(NAMED["maven"], text).outcome == "none"


@every_finder
def test_more_references_than_anybody_has_are_not_read(finder: type[Finder]) -> None:
    [case] = [
        case for case in load_finder_cases(case_file(finder)) if case.name.startswith("names_")
    ][:1]
    if finder.name == "git-submodules":
        text = "\n".join(f"url = https://gitlab.example.com/acme/lib{n}.git" for n in range(1_001))
        assert "1,000" in (case.read(finder, text).not_read or "")


SECRET = "f00dcafe-not-to-be-seen"  # no form that anything could know
AT_A_PASSWORD = re.compile(
    r"\$\{?(?:env\.)?CI_JOB_TOKEN(?::-none)?\}?|%CI_JOB_TOKEN%|\$\{?CI_REGISTRY_PASSWORD\}?"
)


@every_case
def test_a_secret_in_the_place_of_a_token_is_not_shown(
    finder: type[Finder], case: FinderCase
) -> None:
    text = AT_A_PASSWORD.sub(SECRET, case.body.text)
    assert SECRET not in repr(case.read(finder, text))


@every_case
def test_a_token_in_the_place_of_a_name_is_not_shown(
    finder: type[Finder], case: FinderCase
) -> None:
    token = "glpat-" + "x1y2z3" * 4
    reading = case.read(
        finder, re.sub(r"\b(?:lib|libs|core|tools?|data|network|charts)\b", token, case.body.text)
    )
    assert token not in repr(reading)


@every_case
@pytest.mark.parametrize("end", ["\r\n", "\r"], ids=["crlf", "cr"])
def test_line_endings_and_a_byte_order_mark_do_not_matter(
    finder: type[Finder], case: FinderCase, end: str
) -> None:
    text = case.body.text.replace("\n", end)
    assert case.read(finder, b"\xef\xbb\xbf" + text.encode()) == case.read(finder)


NAME = st.from_regex(r"\A[a-z]{3,8}[0-9]{2}\Z")


@every_case
@settings(max_examples=examples(8))
@given(group=NAME, host=NAME)
def test_other_names_give_the_same_uses_with_other_names(
    finder: type[Finder], case: FinderCase, group: str, host: str
) -> None:
    """No answer depends on how somebody calls a group or a server."""

    def renamed(text: str) -> str:
        text = text.replace("gitlab.example.com", f"{host}.example.com")
        return re.sub(r"\bacme\b", group, text)

    body = case.body
    other = body.model_copy(
        update={
            "text": renamed(body.text),
            "project": renamed(body.project),
            "site": renamed(body.site),
            "registry": body.registry and renamed(body.registry),
        }
    )
    before, after = case.read(finder), FinderCase(case.name, other).read(finder)
    assert repr(after) == renamed(repr(before))
