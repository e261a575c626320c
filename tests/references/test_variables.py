"""What variables in a text stand for, and what is not known of them."""

import pytest

from scopelint.finder import GitLabSite
from scopelint.references import Variables
from scopelint.references.variables import first_mark, mark, unmark

SITE = GitLabSite.from_url("https://code.example.com:8443/gitlab")


def filled(text: str, values: dict[str, str] | None = None, unsure: tuple[str, ...] = ()) -> str:
    known = Variables("acme/web/shop", SITE).with_values(values or {}, unsure)
    return unmark(known.fill(mark(text)))


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("$CI_API_V4_URL/x", "https://code.example.com:8443/gitlab/api/v4/x"),
        ("${env.CI_SERVER_HOST}", "code.example.com"),
        ("$env:CI_PROJECT_ROOT_NAMESPACE/a", "acme/a"),
        ("%CI_PROJECT_NAME%", "shop"),
        ("/projects/$CI_PROJECT_NAMESPACE%2Flib", "/projects/acme%2Fweb%2Flib"),
        ("${CI_PROJECT_PATH//\\//%2F}", "acme/web/shop"),
        ("${CI_PROJECT_NAMESPACE%/*}/lib", "$CI_PROJECT_NAMESPACE/lib"),
        ("$UNKNOWN/lib", "$UNKNOWN/lib"),
        ("$(cat id)/lib", "$(…)/lib"),
        ("$[[ inputs.project ]]", "$inputs.project"),
    ],
)
def test_what_a_text_means(text: str, means: str) -> None:
    assert filled(text) == means


def test_values_of_a_file_may_name_others() -> None:
    values = {"A": "$B/lib", "B": "$CI_PROJECT_ROOT_NAMESPACE", "C": "$C", "D": "$E", "E": "$D"}
    assert filled("$A $C", values) == "acme/lib $C"
    assert filled("$D", values) in {"$D", "$E"}


def test_values_set_in_several_ways_or_too_long_are_not_known() -> None:
    assert filled("$A", {"A": "x"}, ("A",)) == "$A"
    assert filled("$A", {"A": "x" * 1_001}) == "$A"


def test_values_cannot_make_a_line_grow_without_end() -> None:
    known = Variables("acme/web/shop", SITE).with_values({"A": "x" * 1_000})
    assert len(known.fill(mark("$A" * 1_000))) <= 20_000


def test_the_name_of_a_part_is_the_variable_s() -> None:
    marked = mark("${GROUP%/*}/lib")
    assert first_mark(marked) == "GROUP"
    assert Variables("a/b", SITE).unknown(marked) == "GROUP"
