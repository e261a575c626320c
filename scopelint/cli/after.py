"""`--after FILE`: a wanted state laid over a snapshot, judged beside what there is."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scopelint.cli.console import Console
from scopelint.cli.files import Destination
from scopelint.errors import ConfigError, NothingScannedError, UsageError
from scopelint.model import Reason

if TYPE_CHECKING:
    from scopelint.declared import DeclaredPolicy
    from scopelint.report import Report
    from scopelint.rule import Rule
    from scopelint.snapshot.inventory import Inventory
    from scopelint.wanted import WantedState

_KNOWN: Final = (
    "Give a plan of `scopelint plan -o FILE`, a gitlabform config, a scopelint.yml with `declared:`"
    " or `policy:`, `terraform show -json` of a plan, or a folder of Terraform sources."
)
_HEAD: Final = 4096
"""Bytes by which a file is told from others."""
_NAMED: Final = 5
"""Groups and projects outside the snapshot that are named."""
_SHOWN: Final = 20
"""Faults of a policy, and projects that stay as they are, that are named on stderr."""


def check_formats(destinations: Iterable[Destination]) -> None:
    """Raise UsageError for formats whose consumer would take a wanted state for GitLab as it is."""
    names = sorted({each.reporter.name for each in destinations if each.reporter.standing})
    if names:
        raise UsageError(
            f"{', '.join(names)}: not written after a change: who reads it takes the last one for"
            " GitLab as it is",
            hint="Use console, markdown, html, junit, annotations, sarif or json.",
        )


def check_of_today(report: "Report", path: Path, purpose: str) -> None:
    """Raise UsageError for a report of a wanted state where one of GitLab as it is is needed."""
    if report.after is not None:
        raise UsageError(
            f"{path} is of GitLab after {report.after.source}, not as it is: {purpose}",
            hint="Give the report of a scan or check without --after.",
        )


def read_wanted(
    path: Path, inventory: "Inventory", rules: Iterable["type[Rule]"], console: Console
) -> "WantedState":
    """Read what a file wants of the projects of an inventory, and say what is odd about it.

    Raises UsageError or ConfigError where it is none that is known, or has faults.
    """
    from scopelint.wanted import read_plan, wanted_by_policy

    head = b"" if path.is_dir() else _head(path)
    # Terraform writes the version of its format first, a plan of ours its schema.
    terraform = b'"format_version"' in head and b'"scopelint-plan/' not in head
    if head.startswith(b"{") and not terraform:
        wanted = read_plan(path, inventory)
    else:
        policy = _terraform(path) if terraform or path.is_dir() else _policy(path, rules)
        for note in policy.notes:
            console.note(note)
        faults = policy.faults(inventory.project_paths)
        for fault in faults[:_SHOWN]:
            console.warn(f"{fault.at}: {fault.message}")
        if more := len(faults[_SHOWN:]):
            console.warn(f"{policy.source}: {more} more faults")
        wanted = wanted_by_policy(policy, inventory)
    for each in wanted.left_alone[:_SHOWN]:
        console.warn(f"{wanted.source}: {each.path} stays as it is: {each.reason}")
    if more := len(wanted.left_alone[_SHOWN:]):
        console.warn(f"{wanted.source}: {more} more projects stay as they are")
    _tell_outside(wanted, console)
    _tell_unknown(wanted, console, sources=path.is_dir())
    return wanted


def _tell_unknown(wanted: "WantedState", console: Console, *, sources: bool) -> None:
    """Say what a wanted state leaves open, and what would tell more."""
    unknown = list(wanted.unknowns())
    for each in unknown[:_SHOWN]:
        console.warn(f"{each.place}: not known: {each.address}: {each.why}")
    if more := len(unknown[_SHOWN:]):
        console.warn(f"{wanted.source}: {more} more are not known; the report lists them as gaps")
    if sources and any(each.reason is not Reason.NOT_FOUND for each in unknown):
        console.note(
            "a plan knows more than the sources: terraform plan -out plan.bin, then terraform show"
            " -json plan.bin >plan.json, and give --after plan.json"
        )


def _tell_outside(wanted: "WantedState", console: Console) -> None:
    """Say what a wanted state is for that the snapshot is not of.

    Raises NothingScannedError where that is all that it is for.
    """
    outside = wanted.outside
    names = ", ".join(outside[:_NAMED]) + (" and others" if len(outside) > _NAMED else "")
    if not wanted.is_for_nothing:
        if outside:
            console.note(f"{wanted.source}: not in the snapshot, so not judged: {names}")
    elif outside:
        raise NothingScannedError(
            f"{wanted.source} is for no project of the snapshot, so nothing can be said of it: it"
            f" names {names}",
            hint="Collect what it is for, or give the snapshot that holds it.",
        )
    else:
        console.warn(f"{wanted.source} asks for nothing: after it everything is as it is today")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=_KNOWN) from None
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def _terraform(path: Path) -> "DeclaredPolicy":
    from scopelint import terraform

    return terraform.read_sources(path) if path.is_dir() else terraform.read_plan(path)


def _policy(path: Path, rules: Iterable["type[Rule]"]) -> "DeclaredPolicy":
    from scopelint.config.load import load_config
    from scopelint.policy import read_gitlabform
    from scopelint.yaml import RUAMEL, MappingNode, load

    root = load(path, partial=True, dialect=RUAMEL).root
    if isinstance(root, MappingNode) and root.get("projects_and_groups") is not None:
        return read_gitlabform(path)
    if isinstance(root, MappingNode) and (root.get("declared") or root.get("policy")):
        declared = load_config(path, rules).declared
        if declared is not None:
            return declared
    problem = root.problem("this is neither a plan nor a declared policy", _KNOWN)
    raise ConfigError([problem])
