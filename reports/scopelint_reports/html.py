"""The report as one HTML file that asks nobody for anything: it opens from a disk or an artifact.

The shell is a Jinja2 template with escaping on. Script and style are inlined and allowed by their
hash alone in a content security policy; findings are inert JSON that the script shows as text.
Without scripts the summary, the rules and the first findings are there all the same.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from markupsafe import Markup

from scopelint.report import Report, Reporter
from scopelint.text import number, visible
from scopelint_reports.html_controls import slug
from scopelint_reports.html_data import MOST_FINDINGS, data_block
from scopelint_reports.html_digest import digest
from scopelint_reports.html_view import context, path_parts
from scopelint_reports.summary import utc

if TYPE_CHECKING:
    import jinja2

_TEMPLATES = Path(__file__).parent / "templates"
_STYLES = ("base", "parts", "list", "print")
_SCRIPTS = (
    *("data", "elements", "filter", "list", "facets", "detail"),
    *("tree", "reach", "print", "start"),
)


class HtmlReporter(Reporter):
    """`html`: one self-contained page to read, filter, share and print."""

    name: ClassVar[str] = "html"
    title: ClassVar[str] = "one self-contained page with filters, for people and auditors"

    shows_allowlists: ClassVar[bool] = True

    def render(self, report: Report, out: BinaryIO) -> None:
        """Write the page as UTF-8; the same report gives the same bytes."""
        show_waived = self.options.show_waived
        seen = digest(report, report.shown(waived=show_waived))
        style, script = _style(report), _script()
        block = data_block(report, report.shown(waived=show_waived), seen, self.options.next_steps)
        stream = (
            _environment()
            .get_template("report.html.j2")
            .stream(
                **context(report, seen, self.options),
                waived_shown=show_waived,
                carried=min(seen.shown, MOST_FINDINGS),
                policy=_policy(style, script),
                # Our own files and JSON with every "<" written as an escape: nothing here can end
                # the element it stands in.
                style=Markup(style),  # noqa: S704
                script=Markup(script),  # noqa: S704
                data=Markup(block),  # noqa: S704
            )
        )
        stream.enable_buffering(64)
        stream.dump(out, encoding="utf-8")


@cache
def _environment() -> "jinja2.Environment":
    """Return what keeps the compiled templates: they are most of what a small page takes."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(number=number, parts=path_parts, slug=slug)
    return environment


def _style(report: Report) -> str:
    parts = [(_TEMPLATES / f"report-{name}.css").read_text(encoding="utf-8") for name in _STYLES]
    return "".join(parts) + _running_header(report)


def _running_header(report: Report) -> str:
    """Return what stands above and below each printed page: what it is of, and its number."""
    scan = report.scan.scan
    what = f"Job token scopes of {', '.join(scan.targets)} on {scan.instance}"
    day = utc(scan.finished_at or scan.started_at)
    return (
        "@page { size: A4; margin: 18mm 15mm; font: 8pt sans-serif; color: #555;"
        f" @top-left {{ content: {_css_string(visible(what))}; }}"
        f" @top-right {{ content: {_css_string(day)}; }}"
        ' @bottom-right { content: "Page " counter(page) " of " counter(pages); } }\n'
    )


def _css_string(text: str) -> str:
    """Return a CSS string in which nothing can end the string, the rule or the element."""
    safe = (
        char if char.isascii() and (char.isalnum() or char in " .,:/-") else f"\\{ord(char):x} "
        for char in text
    )
    return f'"{"".join(safe)}"'


def _script() -> str:
    """Return the script: its parts in one function, so that nothing becomes global."""
    parts = [(_TEMPLATES / f"report-{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _policy(style: str, script: str) -> str:
    """Return the content security policy: nothing is loaded, only this script and style run."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
