"""The generated tables of README.md: `python -m tests.meta.readme` writes them anew."""

import re
from collections.abc import Iterable
from pathlib import Path

from scopelint.cli import COMMANDS, EXIT_CODES
from scopelint.config.pipeline import jobs_text
from scopelint.gitlab import token_needs
from scopelint.registry import find_reporters

README = Path(__file__).resolve().parents[2] / "README.md"
RULE = ("---", "---")


def commands() -> str:
    """The commands, with the lines that `scopelint --help` shows."""
    rows = ((f"`scopelint {name}`", entry.line) for name, entry in COMMANDS.items())
    return _table(("command", "what it does"), rows)


def tokens() -> str:
    """The smallest token that does each job."""
    rows = [token_needs.HEAD, tuple("---" for _ in token_needs.HEAD), *token_needs.rows()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def formats() -> str:
    """The built-in formats, with the lines that `-f help` shows."""
    found = (
        (name, reporter.cls)
        for name, reporter in find_reporters().items()
        if reporter.distribution == "scopelint"
    )
    return _table(("format", "what it is"), ((f"`{name}`", cls.title) for name, cls in found))


def exit_codes() -> str:
    """The exit codes, as `scopelint --help` shows them."""
    rows = re.findall(r"^ *(\d+)  (.+)$", EXIT_CODES, re.MULTILINE)
    return _table(("code", "when"), rows)


def pipeline() -> str:
    """What `scopelint config init acme --ci .gitlab-ci.scopelint.yml` writes beside the config."""
    return f"```yaml\n{jobs_text(['acme'], '.gitlab-ci.scopelint.yml')}```\n"


PARTS = {
    "pipeline": pipeline,
    "tokens": tokens,
    "commands": commands,
    "formats": formats,
    "exit codes": exit_codes,
}


def refreshed(text: str) -> str:
    """Return the README with every generated part made anew; raise ValueError for a lost one."""
    for name, make in PARTS.items():
        start, end = f"<!-- generated: {name} -->\n", "<!-- end -->\n"
        before, found, rest = text.partition(start)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"README.md has no part {name!r} between its two comments")
        text = f"{before}{start}{make()}{end}{after}"
    return text


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = (" | ".join(cell.replace("|", r"\|") for cell in row) for row in (head, RULE, *rows))
    return "".join(f"| {line} |\n" for line in lines)


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
