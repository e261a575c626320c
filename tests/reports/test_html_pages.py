"""Rules' pages: the Markdown that is known, and everything else as text."""

import re
import subprocess
import sys
from typing import Any

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopelint_reports.location import web_link
from scopelint_reports.rule_page import page_html

KNOWN_TAGS = {
    *("h4", "h5", "h6", "p", "ul", "ol", "li", "pre", "code", "blockquote", "strong", "em", "a"),
    *("table", "thead", "tbody", "tr", "th", "td", "div", "hr", "br"),
}


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# T\n\n## What", "<h4>T</h4><h5>What</h5>"),
        ("### T\n\n# Above\n\n###### Deep", "<h4>T</h4><h4>Above</h4><h6>Deep</h6>"),
        ("a\nb\n\nc", "<p>a b</p><p>c</p>"),
        ("`<b>` **bold** *em*", "<p><code>&lt;b&gt;</code> <strong>bold</strong> <em>em</em></p>"),
        ("**a *b* `c`**", "<p><strong>a <em>b</em> <code>c</code></strong></p>"),
        ("snake_case_name", "<p>snake_case_name</p>"),
        ("- a\n  more\n- b", "<ul><li>a more</li><li>b</li></ul>"),
        ("1. a\n   - x\n2. b", "<ol><li>a<ul><li>x</li></ul></li><li>b</li></ol>"),
        ("3. a", '<ol start="3"><li>a</li></ol>'),
        (
            "- a:\n\n  ```sh\n  run\n  ```",
            '<ul><li><p>a:</p><pre tabindex="0"><code>run</code></pre></li></ul>',
        ),
        ("    <b>", '<pre tabindex="0"><code>&lt;b&gt;</code></pre>'),
        ("> q\n> r", "<blockquote><p>q r</p></blockquote>"),
        (
            "| a | b |\n|---|--:|\n| `x` | 1 |",
            '<table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead>'
            "<tbody><tr><td><code>x</code></td><td>1</td></tr></tbody></table>",
        ),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("a <b onclick=x>", "<p>a &lt;b onclick=x&gt;</p>"),
        (
            "[bad **x**](javascript:alert) `y`",
            "<p>[bad <strong>x</strong>](javascript:alert) <code>y</code></p>",
        ),
        ("[page](other.md)", "<p>[page](other.md)</p>"),
        ("![i](https://evil.example/i.png)", None),
        ("<https://a.example>", None),
        (
            "[good](https://docs.gitlab.com/a?b=1&c)",
            '<p><a href="https://docs.gitlab.com/a?b=1&amp;c" rel="noopener noreferrer">good</a></p>',
        ),
        ("a&#8238;b&#27;c", "<p>a\\u202eb\ufffdc</p>"),
        ("a\x1b[0m", "<p>a\\x1b[0m</p>"),
    ],
)
def test_known_markdown(markdown: str, html: str | None) -> None:
    made = re.sub(r">\s+<(?!/?(?:code|strong|em|a)\b)", "><", str(page_html(markdown)))
    made = re.sub(r"(?<=\w)\n(?=<[uo]l>)", "", made)
    if html is None:
        assert "<img" not in made
        assert made.count("<a href=") == 1
        return
    assert " ".join(made.split("\n")) == " ".join(html.split("\n"))


@pytest.mark.slow
def test_other_formats_start_without_the_markdown_parser() -> None:
    said = "import sys, scopelint_reports.html; print('markdown_it' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_code_keeps_its_lines() -> None:
    said = page_html("```sh\na <b>\n\n# c\n```")
    assert said == '<pre tabindex="0"><code>a &lt;b&gt;\n\n# c</code></pre>'


@given(st.text(st.sampled_from("#-*_`>|[]()<>\"'&1. \nahttps:/javascript~\\"), max_size=120))
def test_whatever_a_page_holds_only_known_elements_come_out(markdown: str) -> None:
    tree: Any = lxml.html.fragment_fromstring(str(page_html(markdown)), create_parent="div")
    for element in tree.iter():
        assert element.tag in KNOWN_TAGS
        assert set(element.attrib) <= {"href", "rel", "scope", "start", "tabindex"}
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
