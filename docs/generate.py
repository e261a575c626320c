"""Writes the generated pages of this folder anew: `python docs/generate.py`.

They come from the rules' own declarations, as `scopelint rules` and `scopelint explain` do. A test
fails while a page in the repository is not what this makes.
"""

from collections.abc import Iterator
from pathlib import Path

from scopelint.config.pipeline import component_text, include_text
from scopelint.mappings import find_mappings
from scopelint.registry import find_rules
from scopelint.rule import Rule

DOCS = Path(__file__).resolve().parent
HEAD = (
    "code",
    "name",
    "severity",
    "set",
    "subject",
    "what it flags",
    "what `plan` does",
    "CWE",
    "OWASP CI/CD",
)
INTRODUCTION = """\
# Rules

<!-- Made by docs/generate.py; change the rules, then run: python docs/generate.py -->

Each rule has a page that says what it flags, why it matters and how to fix it: follow its code, or run
`scopelint explain CODE`. *Strict* rules run with `profile: strict`, or when they are selected. How to
write one: [rules/README.md](../rules/README.md).

"""
SUPPORTED = """
## What the rules support

Standards whose items a rule helps with. *Supports* means: where the rule passes, the projects that it
judged give evidence for a part of the item, as far as job tokens go. It never means that the item is
met, or that anybody complies: that takes more than these settings, and an auditor. Numbers are the
standard's, titles are in our own words. The lists are data files (`mappings/*.yml`) of the packages that
bring rules, so a team can add its own.

"""


def rules_page() -> str:
    """Return the index of the built-in rules, as Markdown."""
    rules = [found.cls for found in find_rules().values() if found.distribution == "scopelint"]
    rows = [_line(HEAD), _line("---" for _ in HEAD), *(_line(_row(rule)) for rule in rules)]
    return INTRODUCTION + "".join(rows) + SUPPORTED + "".join(_supported(rules))


def _row(rule: type[Rule]) -> Iterator[str]:
    yield f"[{rule.code}](../rules/scopelint_rules/{rule.name.replace('-', '_')}.md)"
    yield rule.name
    yield rule.severity.value
    yield "strict" if rule.strict else "default"
    yield rule.subject.value
    yield _flags(rule)
    yield _planned(rule)
    yield ", ".join(str(number) for number in rule.cwe)
    yield ", ".join(rule.owasp)


def _flags(rule: type[Rule]) -> str:
    """Return the page's first sentence, which stands alone below its title."""
    return rule.page().splitlines()[2].removesuffix(".")


def _planned(rule: type[Rule]) -> str:
    """Return what the remedy does, without the words that every row would repeat."""
    return str(rule.remedy).removeprefix("`scopelint plan` ").removesuffix(".")


def _supported(rules: list[type[Rule]]) -> Iterator[str]:
    codes = {rule.code for rule in rules}
    yield _line(("standard", "item", "rules"))
    yield _line(("---", "---", "---"))
    for mapping in find_mappings():
        for item, title in mapping.items.items():
            helping = [code for code, items in mapping.rules.items() if item in items]
            shown = ", ".join(code for code in helping if code in codes)
            yield _line((f"{mapping.name} {mapping.version}", f"{item} {title}", shown))


def _line(cells: "Iterator[str] | tuple[str, ...]") -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"


PAGES = {
    "rules.md": rules_page,
    "../templates/scopelint/template.yml": component_text,
    "../templates/scopelint.gitlab-ci.yml": include_text,
}


def main() -> None:
    """Write every generated page."""
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
