"""`scopelint config init`: a commented scopelint.yml and a pipeline's jobs to begin with."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scopelint.cli import options
from scopelint.cli.command import Command
from scopelint.cli.console import Console, out, start
from scopelint.cli.files import check_writable, write_file
from scopelint.cli.next_steps import command
from scopelint.errors import UsageError
from scopelint.gitlab.address import AddressError
from scopelint.gitlab.targets import check_path
from scopelint.globs import matches
from scopelint.snapshot import open_snapshots
from scopelint.snapshot.inventory import Inventory

if TYPE_CHECKING:
    from scopelint.config.codeowners import OwnedPattern, Passed

JOBS = ".gitlab-ci.scopelint.yml"
"""How the jobs' file is called where the user names none."""


@click.command(cls=Command)
@options.target_options
@options.from_option
@click.option(
    "-o",
    "--output",
    type=options.FilePath(),
    default="scopelint.yml",
    show_default=True,
    help="The file to write; one that is there is never replaced.",
)
@click.option(
    "--ci",
    type=options.FilePath(),
    help=f"Write the pipeline's jobs to this file (such as {JOBS}) instead of stdout.",
)
@click.option(
    "--owners",
    "codeowners",
    type=options.FilePath(),
    help="Make `owners:` of this CODEOWNERS-style file of project paths.",
)
@options.server_options
@options.console_and_progress_options
def init(
    *,
    target: options.TargetOptions,
    sources: tuple[Path, ...],
    output: Path,
    ci: Path | None,
    codeowners: Path | None,
    server: options.ServerOptions,
    console: Console,
) -> None:
    """Write a commented scopelint.yml, and the jobs of a pipeline that scan TARGET and gate.

    TARGET is read once (or --from a snapshot of it), to name the groups elsewhere that entries
    point to: they stand in a comment, for you to say which of them are trusted.

    A file of --owners has GitLab's syntax of CODEOWNERS, with patterns of project paths: what is no
    project's, or cannot be said under `owners:`, is named on stderr.
    """
    from scopelint.config.pipeline import jobs_text
    from scopelint.config.starter import config_text

    start(console)
    for path in (*_configs(output), ci):
        if path is not None:
            _check_new(path)
    if ci is not None and ci.resolve() == output.resolve():
        raise UsageError("the configuration and the jobs cannot share a file")
    if target and sources:
        raise UsageError(
            "a TARGET and --from contradict each other", hint="The snapshot has its own targets."
        )
    owned = _owned(codeowners) if codeowners is not None else _Owned()
    if sources:
        seen = _from_snapshots(sources)
    elif target:
        seen = _from_gitlab(target, server, console)
    else:
        seen = _Seen(server.url)
    if codeowners is not None:
        _tell_owned(owned, codeowners, seen, console)
    _write(output, config_text(seen.url, seen.targets, seen.roots, owned.lines))
    console.note(f"{output}: written. Look it over, then: {command('config', 'check', output)}")
    words = ("--instance",) if seen.whole else seen.targets
    if not words:
        return
    if ci is None:
        out(jobs_text(words, JOBS).rstrip("\n"))
    else:
        _write(ci, jobs_text(words, ci.name))
        console.note(f"{ci}: written")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of the instance: its address, what is scanned, and where entries point to."""

    url: str | None
    targets: Sequence[str] = ()
    roots: Mapping[str, int] = field(default_factory=dict)
    whole: bool = False
    paths: Sequence[str] | None = None
    """Of the projects that there are; None where nothing was read."""


@dataclass(frozen=True, slots=True)
class _Owned:
    """What a CODEOWNERS-style file gave."""

    taken: "Sequence[OwnedPattern]" = ()
    passed: "Sequence[Passed]" = ()
    lines: Sequence[str] = ()


def _owned(path: Path) -> _Owned:
    """Read a CODEOWNERS-style file; raise UsageError where it is none, or holds nothing to take."""
    from scopelint.config.codeowners import owners_text, read_codeowners

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    taken, passed = read_codeowners(text)
    if not taken:
        raise UsageError(
            f"{path} names no owner of a project path",
            hint="Its lines are such as: /acme/web/ @acme/web-leads",
        )
    return _Owned(taken, passed, list(owners_text(taken, passed, path.name)))


def _tell_owned(owned: _Owned, path: Path, seen: _Seen, console: Console) -> None:
    """Name what was not taken, and what matches none of the projects that were read."""
    for one in owned.passed:
        console.warn(f"{path}:{one.line}: not taken: {one.why}")
    for each in owned.taken:
        if seen.paths is not None and not any(matches(each.glob, one) for one in seen.paths):
            console.warn(
                f"{path}:{each.line}: {each.glob} matches no project of {', '.join(seen.targets)}"
            )


def _from_gitlab(
    target: options.TargetOptions, server: options.ServerOptions, console: Console
) -> _Seen:
    """Read what the user named, by no configuration but the options."""
    from scopelint.cli.collect_session import collect_into
    from scopelint.cli.session import open_session
    from scopelint.cli.settings import resolve

    settings = resolve(options.ConfigOptions(no_config=True))
    session = open_session(target, server, settings, console, needed=frozenset())
    with tempfile.TemporaryDirectory(prefix="scopelint-") as folder:
        path = Path(folder) / "init.snapshot"
        collect_into(path, session, console)
        return _from_snapshots([path])


def _from_snapshots(paths: Sequence[Path]) -> _Seen:
    from scopelint.config.starter import entry_roots

    with open_snapshots(paths) as snapshot:
        inventory = Inventory(snapshot)
        roots = entry_roots(inventory)
        if inventory.scan.whole_instance:
            return _Seen(inventory.scan.instance, (), roots, True, inventory.project_paths)
        try:
            targets = [check_path(target) for target in inventory.scan.targets]
        except AddressError as error:
            raise UsageError(f"the snapshot's target {error}") from None
        return _Seen(inventory.scan.instance, targets, roots, paths=inventory.project_paths)


def _configs(output: Path) -> Sequence[Path]:
    """Return the files that must not be there yet: a folder with two configs stops every scan."""
    from scopelint.config import CONFIG_NAMES

    if output.name not in CONFIG_NAMES:
        return [output]
    return [output, *(output.with_name(Path(name).name) for name in CONFIG_NAMES)]


def _check_new(path: Path) -> None:
    check_writable(path)
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} is already there", hint="Remove it, or name another file.")


def _write(path: Path, text: str) -> None:
    write_file(path, lambda file: _put(file, text))


def _put(file: Any, text: str) -> None:
    file.write(text.encode("utf-8"))
