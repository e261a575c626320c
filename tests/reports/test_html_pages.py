"""Rules' pages: the Markdown that is known, and everything else as text."""

from typing import Any

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint_reports.rule_page import page_html, web_link

KNOWN_TAGS = {
    *("h4", "h5", "h6", "p", "ul", "ol", "li", "pre", "code", "blockquote", "strong", "em", "a"),
    *("table", "thead", "tbody", "tr", "th", "td", "div"),
}


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# T\n\n## What", "<h4>T</h4>\n<h5>What</h5>"),
        ("a\nb\n\nc", "<p>a b</p>\n<p>c</p>"),
        ("`<b>` **bold** *em*", "<p><code>&lt;b&gt;</code> <strong>bold</strong> <em>em</em></p>"),
        ("snake_case_name", "<p>snake_case_name</p>"),
        ("- a\n  more\n- b", "<ul><li>a more</li><li>b</li></ul>"),
        ("1. a\n   - x\n2. b", "<ol><li>a<ul><li>x</li></ul></li><li>b</li></ol>"),
        ("```sh\na <b>\n\n# c\n```", '<pre tabindex="0"><code>a &lt;b&gt;\n\n# c</code></pre>'),
        ("> q\n> r", "<blockquote><p>q r</p></blockquote>"),
        (
            "| a | b |\n|---|---|\n| `x` | 1 |",
            '<table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead>'
            "<tbody><tr><td><code>x</code></td><td>1</td></tr></tbody></table>",
        ),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("[bad](javascript:alert)", "<p>bad</p>"),
        (
            "[good](https://docs.gitlab.com/a?b=1&c)",
            '<p><a href="https://docs.gitlab.com/a?b=1&amp;c" rel="noopener noreferrer">good</a></p>',
        ),
    ],
)
def test_known_markdown(markdown: str, html: str) -> None:
    assert page_html(markdown) == html


@given(st.text(st.sampled_from("#-*_`>|[]()<>\"'&1. \nahttps:/javascript~\\"), max_size=120))
def test_whatever_a_page_holds_only_known_elements_come_out(markdown: str) -> None:
    tree: Any = lxml.html.fragment_fromstring(str(page_html(markdown)), create_parent="div")
    for element in tree.iter():
        assert element.tag in KNOWN_TAGS
        assert set(element.attrib) <= {"href", "rel", "scope", "tabindex"}
        assert element.get("href", "https://").startswith(("https://", "http://"))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "//evil.example",
        "data:text/html,x",
        'https://gitlab.example.com/"><script>',
        "https://gitlab.example.com/\n",
        " https://gitlab.example.com",
        "",
        None,
    ],
)
def test_only_plain_web_addresses_become_links(address: str | None) -> None:
    assert web_link(address) is None


def test_a_web_address_is_kept() -> None:
    assert web_link("https://gitlab.example.com/a/b") == "https://gitlab.example.com/a/b"
