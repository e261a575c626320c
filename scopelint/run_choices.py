"""What the user chose of a run, as a report says it: projects and rules that were left out, overrides.

Left out is a third state beside judged and not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scopelint.finding import Severity


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The projects that one filter left out; one that several leave out counts with the first."""

    filter: Literal["include", "exclude", "owner", "archived"]
    projects: int
    groups: tuple[str, ...]
    """Full paths of groups that together hold them and nothing else where that is possible, else
    of the namespaces they lie in; at most `LEFT_OUT_GROUPS`, those with most of them first."""


LEFT_OUT_GROUPS = 20
"""How many groups are named for one filter."""


@dataclass(frozen=True, slots=True)
class RuleOff:
    """A rule that is installed and did not judge, because of the user's choice."""

    code: str
    name: str
    reason: str
    """What turned it off: `--ignore SL1`, `ignore in scopelint.yml`, `--select SL4`."""


@dataclass(frozen=True, slots=True)
class UsedOverride:
    """What was otherwise for some projects: one of the configuration's `overrides`."""

    projects: tuple[str, ...]
    """Globs of full paths."""
    select: tuple[str, ...] = ()
    """Codes of rules that judge these projects too."""
    ignore: tuple[str, ...] = ()
    """Codes of rules that do not judge them."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """Severities that hold for them, by code."""
    options: tuple[str, ...] = ()
    """Codes of rules that have other options there."""
    kind: tuple[str, ...] = ()
    """What a project must be besides, such as `topics pci or sox`."""


@dataclass(frozen=True, slots=True)
class UsedConfig:
    """One file of the configuration that a report was made with."""

    name: str
    """As the user or a message names it."""
    sha256: str
    """The digest of its bytes, in hex."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user chose of the rules, beside the severities that the rules' summaries tell."""

    configs: tuple[UsedConfig, ...] = ()
    """The configuration, then the files that it extends; empty where none was used."""
    profile: str = "default"
    rules_off: tuple[RuleOff, ...] = ()
    """By code."""
    overrides: tuple[UsedOverride, ...] = ()
    """In the order of the configuration: the later one wins."""
    trusted: tuple[str, ...] = ()
    """Globs of paths outside the top-level group that may be allowed."""
