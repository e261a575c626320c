"""A scopelint.yml that was checked, as a run uses it, with the place of every value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scopelint.config.models import ConfigModel
from scopelint.config.selection import Profile
from scopelint.declared import DeclaredPolicy
from scopelint.engine.rule_sets import Override
from scopelint.engine.waivers import WaiverRule
from scopelint.finding import Severity
from scopelint.gitlab.origin import ConfigUrls
from scopelint.gitlab.targets import parse_targets
from scopelint.globs import GlobSet
from scopelint.owners import Owner, OwnerRule
from scopelint.rule import Boundary, RuleOptions

if TYPE_CHECKING:  # a run without a file starts without the reader of YAML
    from scopelint.yaml import Location


@dataclass(frozen=True, slots=True)
class SettingPlace:
    """Where a value was given."""

    source: str
    """The file, as messages name it."""
    line: int
    """From 1."""
    column: int
    """From 1."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Config:
    """A valid config; `Config()` is that of a run without a file."""

    model: ConfigModel = field(default_factory=ConfigModel)
    """The keys and their values, defaults included."""
    source: Path | None = None
    """The file, None for a text and for a run without one."""
    root: Path | None = None
    """The folder below which all files that it names must lie; None for one that the user named."""
    options: Mapping[str, RuleOptions] = field(default_factory=dict)
    """The validated options of the rules that the file gives some, by code."""
    severity: Mapping[str, Severity] = field(default_factory=dict)
    """The severities that differ from the rules' own, by code."""
    overrides: tuple[Override, ...] = ()
    """What differs for some projects, in the order of the file."""
    declared: DeclaredPolicy | None = None
    """The policy that the file names or holds."""
    waivers: tuple[WaiverRule, ...] = ()
    """In the order of the file."""
    baseline: Path | None = None
    """The baseline that `gate.baseline` names."""
    places: Mapping["Location", SettingPlace] = field(default_factory=dict)
    """Where each value was given, by its keys and indices: `("gitlab", "targets", 0)`. What is not
    in it is a default."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """The paths of the file and of all it extends, by the names that `places` give them."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of the bytes of the file and of all it extends, in hex, by the same names."""

    @property
    def discovered(self) -> bool:
        """Whether the file was found in the repository rather than named by the user."""
        return self.root is not None

    @property
    def url(self) -> str | None:
        """`gitlab.url` as written, or None."""
        return self.model.gitlab.url or None

    @property
    def targets(self) -> tuple[str, ...]:
        """`gitlab.targets` as text, to be read by `parse_targets` once known roots are known."""
        return tuple(str(target) for target in self.model.gitlab.targets)

    @property
    def profile(self) -> Profile:
        """Which set of rules runs."""
        return self.model.profile

    @property
    def select(self) -> tuple[str, ...] | None:
        """The selectors of `select`, None where the key is not given."""
        return self.model.select or None

    @property
    def trusted(self) -> GlobSet:
        """The globs of `trusted`."""
        return GlobSet(self.model.trusted)

    @property
    def boundaries(self) -> tuple[Boundary, ...]:
        """The trust boundaries, in the order of the file."""
        return tuple(
            Boundary(each.name, each.globs, GlobSet(each.allow_from), each.kind)
            for each in self.model.boundaries
        )

    @property
    def owners(self) -> tuple[OwnerRule, ...]:
        """Whose projects are, in the order of the file: the last match counts."""
        return tuple(
            OwnerRule(
                replace(each.kind, globs=each.globs),
                Owner(each.owner, each.contact or None, each.issues or None),
            )
            for each in self.model.owners
        )

    @property
    def assume_fine_grained(self) -> bool | None:
        """`assume.fine_grained`, None where the key is not given."""
        return {"on": True, "off": False}.get(self.model.assume.fine_grained)

    @property
    def fail_on(self) -> str:
        """`gate.fail_on`: a severity's name, or `never`."""
        return self.model.gate.fail_on

    @property
    def gate_max(self) -> Mapping[Severity, int]:
        """`gate.max`: how many new findings of a severity are tolerated."""
        return {Severity(name): count for name, count in self.model.gate.max.items()}

    @property
    def allow_incomplete(self) -> bool:
        """`gate.allow_incomplete`."""
        return self.model.gate.allow_incomplete

    def place(self, *location: str | int) -> SettingPlace | None:
        """Return where a value was given, None for a default."""
        return self.places.get(location)

    def urls(self, *, with_targets: bool, known: Iterable[str] = ()) -> ConfigUrls:
        """Return what `resolve_origin` needs; `with_targets` where the command line has none."""
        targets = parse_targets(self.targets, known=tuple(known)) if with_targets else ()
        name = next((place.source for place in self.places.values()), "scopelint.yml")
        return ConfigUrls(self.url, targets, self.discovered, name)
