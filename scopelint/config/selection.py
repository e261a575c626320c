"""Which rules run, and with what severity.

A **selector** is a rule's code (`SL305`), its name (`outside-project-allowed`) or a prefix of
codes: all of the letters and the first digits, or none (`SL`, `SL3`, `SL30`). Selectors are
case-sensitive.

1. `--select` names the set. Without it `select` of the config does. Both may name strict rules.
   Without either the profile does: `default` is every rule that is not strict, `strict` every rule.
2. `--extend-select` adds to that set.
3. `--ignore` and `ignore` of the config are taken away last, both. How specific a selector is
   plays no part: what is ignored does not run, whatever selected it.
4. `overrides` of the config then add and take away for the projects they match, one after the
   other: the later one wins. They may bring back what the config ignores, never what `--ignore`
   names, and nothing that is not in `--select` where that is given.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal

from scopelint.errors import UsageError
from scopelint.finding import Severity
from scopelint.rule import Rule
from scopelint.text import shown, suggestion

Profile = Literal["default", "strict"]
RuleClass = type[Rule]

_CODE = re.compile(r"([A-Z]+)([0-9]*)")


class UnknownSelectorError(ValueError):
    """A selector names no rule; `hint` holds a suggestion, or is empty."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Catalogue:
    """The rules there are, in the order of their codes, found by code, name or prefix."""

    def __init__(self, rules: "Iterable[RuleClass] | Catalogue") -> None:
        self.rules: tuple[RuleClass, ...] = tuple(sorted(rules, key=lambda rule: rule.code))

    def __iter__(self) -> Iterator[RuleClass]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    @cached_property
    def names(self) -> Mapping[str, RuleClass]:
        """Every code and every name, each with its rule."""
        by_code = {rule.code: rule for rule in self.rules}
        return by_code | {rule.name: rule for rule in self.rules}

    @cached_property
    def prefixes(self) -> Mapping[str, tuple[RuleClass, ...]]:
        """Every prefix that stands for at least one rule, whole codes left out."""
        found: dict[str, list[RuleClass]] = {}
        for rule in self.rules:
            letters = re.sub(r"[0-9]+$", "", rule.code)
            for end in range(len(letters), len(rule.code)):
                found.setdefault(rule.code[:end], []).append(rule)
        return {prefix: tuple(rules) for prefix, rules in found.items()}

    @cached_property
    def selectors(self) -> tuple[str, ...]:
        """Every selector that is valid: codes, names, prefixes."""
        return (*self.names, *self.prefixes)

    def rule(self, key: str) -> RuleClass:
        """Return the rule with this code or name; raise UnknownSelectorError."""
        if key in self.names:
            return self.names[key]
        if key in self.prefixes:
            raise UnknownSelectorError(
                f"{shown(key)} stands for several rules; one is needed here",
                "give the rule's whole code or its name",
            )
        raise UnknownSelectorError(f"unknown rule {shown(key)}", self._hint(key, self.names))

    def resolve(self, selector: str) -> tuple[RuleClass, ...]:
        """Return the rules a selector stands for, at least one; raise UnknownSelectorError."""
        if selector in self.names:
            return (self.names[selector],)
        if selector in self.prefixes:
            return self.prefixes[selector]
        kind = "rule prefix" if _CODE.fullmatch(selector) and len(selector) < 4 else "rule"
        raise UnknownSelectorError(
            f"unknown {kind} {shown(selector)}", self._hint(selector, self._alike(selector))
        )

    def _alike(self, selector: str) -> Iterator[str]:
        # A shorter prefix is always alike and never meant.
        yield from self.names
        yield from (prefix for prefix in self.prefixes if len(prefix) >= len(selector))

    @staticmethod
    def _hint(word: str, choices: Iterable[str]) -> str:
        return suggestion(word, choices) or "`scopelint rules` lists all codes and names"


def select_rules(
    catalogue: Iterable[RuleClass] | Catalogue,
    *,
    profile: Profile = "default",
    select: Sequence[str] | None = None,
    extend_select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> tuple[RuleClass, ...]:
    """Return the classes of the rules that run, in the order of their codes.

    `select` and `ignore` are what holds of options and files together (`scopelint.cli.settings`);
    `select` is empty or None where nothing says it. Raise UsageError for an unknown selector, with
    a suggestion (a file's were refused with the file, so it is an option's), and where no rule is
    left: a run that judges nothing must not pass.
    """
    known = Catalogue(catalogue)
    if select:
        chosen = _expand(known, select, "--select")
    else:
        chosen = {rule.code for rule in known.rules if profile == "strict" or not rule.strict}
    chosen |= _expand(known, extend_select, "--extend-select")
    chosen -= _expand(known, ignore, "--ignore")
    if not chosen:
        raise UsageError(
            "no rule is left to run",
            hint="what is ignored does not run, whatever selected it; look at --select, "
            "--ignore and at `select` and `ignore` of the config",
        )
    return tuple(rule for rule in known.rules if rule.code in chosen)


def added_rules(
    catalogue: Iterable[RuleClass] | Catalogue,
    wanted: Iterable[str],
    chosen: Iterable[RuleClass],
    *,
    select: Sequence[str] = (),
    extend_select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> tuple[RuleClass, ...]:
    """Return the rules that only overrides of the config select, in the order of their codes.

    `wanted` are the codes that overrides select, `chosen` what `select_rules` returned, the rest
    the command line's: it has the last word, so nothing comes back that `--ignore` names or that
    `--select`, where it is given, does not.
    """
    known = Catalogue(catalogue)
    codes = set(wanted) - {rule.code for rule in chosen}
    if select:
        codes &= _expand(known, (*select, *extend_select), "--select")
    codes -= _expand(known, ignore, "--ignore")
    return tuple(rule for rule in known.rules if rule.code in codes)


def severity_overrides(
    overrides: Mapping[str, Severity], catalogue: Iterable[RuleClass] | Catalogue
) -> dict[str, Severity]:
    """Return the severity of every rule that an override names, by code.

    The longest prefix wins over shorter ones, a code or name over every prefix. Raise UsageError
    for an unknown selector.
    """
    known = Catalogue(catalogue)
    result: dict[str, Severity] = {}
    exact_last = sorted(overrides, key=lambda key: (key in known.names, len(key)))
    for selector in exact_last:
        for code in _expand(known, [selector], "severity"):
            result[code] = overrides[selector]
    return dict(sorted(result.items()))


def _expand(known: Catalogue, selectors: Iterable[str], option: str) -> set[str]:
    found: set[str] = set()
    for selector in selectors:
        try:
            found.update(rule.code for rule in known.resolve(selector))
        except UnknownSelectorError as error:
            raise UsageError(f"{option}: {error}", hint=error.hint) from None
    return found
