"""What fixes a finding, as its rule declares it and as `scopelint plan` does it.

    remedy = RemoveEntry("it lets in a sandbox")
    remedy = SwitchSetting("push", False, "jobs may push", unsafe="jobs that push fail then")
    remedy = NoRemedy("which permissions its jobs need is in no log; choose them by hand")

A reason says in a few words why the change is made; a plan shows it behind the rule's code. A remedy
that may take access from somebody is *unsafe*: it is planned only with `--unsafe`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

ScopeSetting = Literal["inbound", "outbound", "push", "cross-project-push"]
"""A setting of a project's job token scope that a plan can switch."""

_SETTINGS: dict[ScopeSetting, str] = {
    "inbound": "the inbound limit",
    "outbound": "the outbound limit",
    "push": "Git push by job token",
    "cross-project-push": "cross-project Git push",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What a remedy changes, as a report carries it: enough to group findings by their repair."""

    kind: Literal["remove-entry", "switch-setting", "restrict-project", "remove-outbound-entries"]
    setting: ScopeSetting | None = None
    """The setting that is switched, None for the other kinds."""
    switch: Literal["on", "off"] | None = None
    """What it is switched to."""
    unsafe: bool = False
    """Only `plan --unsafe` plans it: it takes access from somebody."""


def setting_words(setting: ScopeSetting) -> str:
    """Name a setting in a sentence: `the inbound limit`."""
    return _SETTINGS[setting]


class SafeIf(StrEnum):
    """What makes the removal of an entry safe. No removal that widens access is ever planned."""

    NEVER = "never"
    """Nothing does: the entry is in use by right, and the rule does not want it."""
    NOT_USED = "not-used"
    """The authentication log was read whole and shows no use that would be refused."""
    TARGET_GONE = "target-gone"
    """The log, as far as it was read, shows no use that would be refused."""
    COVERED = "covered"
    """Every origin keeps the permissions that it has, through another entry."""


_SAFE: dict[SafeIf, str] = {
    SafeIf.NEVER: "only with --unsafe",
    SafeIf.NOT_USED: "where the log shows that nobody loses access, else only with --unsafe",
    SafeIf.TARGET_GONE: "where no logged use would be refused, else only with --unsafe",
    SafeIf.COVERED: "where every origin keeps its permissions",
}


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    """The finding's entry is removed from the allowlist; a finding without one asks for nothing."""

    reason: str
    safe_if: SafeIf = SafeIf.NEVER

    def __str__(self) -> str:
        return f"`scopelint plan` removes the entry, {_SAFE[self.safe_if]}."

    @property
    def change(self) -> Change:
        """The change of every finding; where the log proves it safe it needs no `--unsafe`."""
        return Change("remove-entry", unsafe=self.safe_if is SafeIf.NEVER)


@dataclass(frozen=True, slots=True)
class NarrowEntry:
    """Entries for what used the finding's group entry are added, then the group entry is removed."""

    reason: str

    def __str__(self) -> str:
        return (
            "`scopelint plan` adds entries for what used it, then removes the entry; where the log"
            " does not tell all of its use, only with --unsafe."
        )

    @property
    def change(self) -> None:
        """None that could be named for several projects at once: each gets its own entries."""
        return None


@dataclass(frozen=True, slots=True)
class SwitchSetting:
    """A setting is switched; `unsafe` says why nobody should do it unasked, None where it is safe."""

    setting: ScopeSetting
    value: bool
    reason: str
    unsafe: str | None = None

    @property
    def direction(self) -> Literal["on", "off"]:
        """How it is switched: `on` or `off`."""
        return "on" if self.value else "off"

    def __str__(self) -> str:
        only = f", only with --unsafe: {self.unsafe}" if self.unsafe else ""
        return f"`scopelint plan` switches {setting_words(self.setting)} {self.direction}{only}."

    @property
    def change(self) -> Change:
        """The switch."""
        return Change("switch-setting", self.setting, self.direction, bool(self.unsafe))


@dataclass(frozen=True, slots=True)
class RestrictProject:
    """The limit goes on, with the smallest allowlist that keeps every logged use working.

    With `unknown_too` an unknown finding asks for it as well. Without `alone` a finding does not
    ask for it by itself; it is fixed where another rule's finding asks.
    """

    unknown_too: bool = False
    alone: bool = True

    def __str__(self) -> str:
        what = "`scopelint plan` switches the limit on, with the entries that the log asks for"
        return f"{what}." if self.alone else f"{what}, where another finding asks for it."

    @property
    def change(self) -> Change | None:
        """The limit goes on; None where only another finding asks for it."""
        return Change("restrict-project") if self.alone else None


@dataclass(frozen=True, slots=True)
class RemoveOutboundEntries:
    """The leftover outbound entries are removed, once the outbound limit is off."""

    def __str__(self) -> str:
        return "`scopelint plan` removes the outbound entries, once the outbound limit is off."

    @property
    def change(self) -> Change:
        """The removal."""
        return Change("remove-outbound-entries")


@dataclass(frozen=True, slots=True)
class NoRemedy:
    """Nothing is planned, and why."""

    reason: str = "no change of the token scope alone fixes it; its page says what does"

    def __str__(self) -> str:
        return f"`scopelint plan` changes nothing: {self.reason}."

    @property
    def change(self) -> None:
        """There is none."""
        return None


def restricts(remedy: "Remedy") -> bool:
    """Tell whether a finding with this remedy asks by itself for the limit to go on."""
    return isinstance(remedy, RestrictProject) and remedy.alone


Remedy = (
    RemoveEntry | NarrowEntry | SwitchSetting | RestrictProject | RemoveOutboundEntries | NoRemedy
)
"""What a rule declares as its `remedy`; as text it is a sentence for `scopelint explain`."""
