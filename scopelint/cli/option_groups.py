"""What options say, a dataclass a group; `scopelint.cli.options` has click build them."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """What to read: groups and projects by path, id or URL, or the whole instance."""

    targets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    instance: bool = False

    def __bool__(self) -> bool:
        return bool(self.targets or self.groups or self.projects or self.instance)

    def words(self) -> list[str]:
        """Return the targets as the user wrote them."""
        named = [*self.targets, *self.groups, *self.projects]
        return named or ["--instance"] if self else []


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where GitLab is, by what token it is asked, and how."""

    url: str | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    insecure: bool = False
    api: Literal["auto", "graphql", "rest"] = "auto"
    concurrency: int = 8
    page_size: int | None = None
    max_rpm: int | None = None


@dataclass(frozen=True, slots=True)
class ConfigOptions:
    """Which configuration is read, and which files bring rules besides the installed ones."""

    config_file: Path | None = None
    no_config: bool = False
    rules_files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """Which rules run; an empty tuple is an option that was not given."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What decides the exit code; None leaves it to the configuration."""

    fail_on: str | None = None
    allow_incomplete: bool = False
    exit_zero: bool = False
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class BaselineOptions:
    """The accepted findings, and whether they are shown."""

    baseline: Path | None = None
    new_only: bool = False


@dataclass(frozen=True, slots=True)
class PreviousOptions:
    """The last report, and what becomes of what this run could not judge."""

    previous: tuple[Path, ...] = ()
    carry_days: int = 90
    partial: Literal["write", "skip"] = "write"


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Which reports are written where, and what they hold."""

    format_name: str = "console"
    output: Path | None = None
    reports: tuple[str, ...] = ()
    min_severity: str = "info"
    show_waived: bool = False
    show_fix: bool = False
    statistics: bool = False
    junit_fail: Literal["gate", "all"] = "gate"
    keep_waived: bool = False
    sarif_category: str | None = None
    sarif_runs: int = 1
    gitlab_sast_version: str | None = None
    roll_up: Literal["project"] | None = None
