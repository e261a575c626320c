"""The files that commands read and write: checked first, written whole or not at all."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import quote

from scopelint.cli.console import refused
from scopelint.errors import OutputError, PluginError, ScopelintError, UsageError
from scopelint.report import RenderOptions, Report, Reporter

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def snapshot_files(path: Path) -> tuple[Path, ...]:
    """Return the file, or the files of the folder that are not hidden; raise UsageError for none."""
    if not path.is_dir():
        return (path,)
    try:
        found = sorted(
            one for one in path.iterdir() if one.is_file() and not one.name.startswith(".")
        )
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if not found:
        raise UsageError(
            f"there is no snapshot in the folder {path}",
            hint="Make one with: scopelint collect TARGET -o FILE",
        )
    return tuple(found)


def check_output(output: Path | None, inputs: Iterable[Path]) -> None:
    """Raise UsageError where the output cannot be made, or would replace a file that is read."""
    if output is None:
        return
    check_writable(output)
    for path in inputs:
        if path.exists() and output.exists() and output.samefile(path):
            raise UsageError(
                f"the output would replace the snapshot {path}", hint="Give it its own file."
            )


@dataclass(frozen=True, slots=True)
class Destination:
    """One report to write: its format, and its file (None is stdout)."""

    reporter: type[Reporter]
    path: Path | None


def destinations(
    format_name: str, output: Path | None, reports: tuple[str, ...]
) -> list[Destination]:
    """Read `-f`, `-o` and `--report`; raise UsageError for what cannot be written as asked."""
    from scopelint.registry import get_reporter

    found = [Destination(get_reporter(format_name), output)]
    for text in reports:
        name, separator, file = text.partition("=")
        if not separator or not file:
            raise UsageError(
                f"--report {text!r} is not NAME=FILE", hint="Such as --report sarif=scopelint.sarif"
            )
        found.append(Destination(get_reporter(name), Path(file)))
    check_places(found)
    return found


def check_places(found: list[Destination]) -> None:
    """Raise UsageError where a report cannot be written, or two would go to one file."""
    taken: dict[Path, str] = {}
    for destination in found:
        if destination.path is None:
            continue
        if {"{owner}", "{group}"} & {*destination.path.parent.parts}:
            raise UsageError(
                f"{destination.path}: a part is named in the file's name, not in its folder's"
            )
        check_writable(destination.path)
        real = _real(destination.path)
        if real in taken:
            raise UsageError(
                f"two reports would go to {destination.path}: {taken[real]} and"
                f" {destination.reporter.name}",
                hint="Give each its own file.",
            )
        taken[real] = destination.reporter.name


def check_apart(found: list[Destination], others: Iterable[tuple[str, Path | None]]) -> None:
    """Raise UsageError where a report would replace a file that the run reads or makes.

    `others` are those files, each with what it is called in the message.
    """
    places = {_real(one.path): one for one in found if one.path is not None}
    for what, path in others:
        if path is not None and _real(path) in places:
            name = places[_real(path)].reporter.name
            raise UsageError(
                f"the {name} report would replace {what}, {path}", hint="Give it its own file."
            )


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()  # a loop of links is nothing but itself


def check_writable(path: Path) -> None:
    """Raise UsageError where a file of this name cannot be made or replaced."""
    try:
        _check_writable(path)
    except (OSError, RuntimeError) as error:
        # A name too long, a loop of links: whatever keeps the path from being looked at.
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be written: {reason}") from None


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder", hint="Name a file in it.")
    if _is_device(path):
        return
    folder = path.resolve().parent
    if not folder.is_dir():
        raise UsageError(f"{path} cannot be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{path} cannot be written: no permission in {folder}")
    if path.exists() and not os.access(path, os.W_OK):
        raise UsageError(f"{path} cannot be written: no permission")


def _is_device(path: Path) -> bool:
    """Tell whether a path is there and no file: /dev/null, /dev/stdout, a named pipe."""
    return path.exists() and not path.is_file()


def report_page(found: Iterable[Destination]) -> str | None:
    """Return where a reader will find the HTML report, None where that is not known.

    In a GitLab job that is the page of the artifact, if the file is inside the project's folder.
    """
    job, folder = os.environ.get("CI_JOB_URL"), os.environ.get("CI_PROJECT_DIR")
    if not job or not folder or not os.environ.get("GITLAB_CI"):
        return None
    for one in found:
        if one.reporter.name == "html" and one.path is not None:
            path, root = _real(one.path), _real(Path(folder))
            if path.is_relative_to(root):
                return f"{job}/artifacts/file/{quote(path.relative_to(root).as_posix())}"
    return None


def write_all(
    found: list[Destination],
    report: Report,
    options: Callable[[Destination], RenderOptions],
    warn: Callable[[str], None],
) -> None:
    """Write every report; raise OutputError for one that cannot be, the old file untouched.

    `warn` is given what reporters have to say besides, such as how much they had to leave out.
    stdout comes last, so that a reader who goes away early loses no file.
    """
    for destination in sorted(found, key=lambda one: one.path is None):
        reporter = destination.reporter(options(destination))
        render = partial(_guarded, destination, partial(reporter.render, report))
        if destination.path is None:
            to_stdout(render)
        else:
            write_file(destination.path, render)
        for note in reporter.notes:
            warn(f"{destination.reporter.name}: {note}")


def _guarded(destination: Destination, render: Callable[[BinaryIO], None], out: BinaryIO) -> None:
    """Render; a crash of the reporter is named, as one of a rule is."""
    try:
        render(out)
    except (OSError, ScopelintError):
        raise
    except Exception as error:
        reporter = destination.reporter
        raise PluginError(
            f"reporter {reporter.name} crashed: {type(error).__name__}: {error}",
            hint=f"This is a fault of {reporter.__module__}; use another format until it is"
            " repaired.",
        ) from error


def write_file(path: Path, render: Callable[[BinaryIO], None], *, private: bool = False) -> None:
    """Write a file under a temporary name beside it and move it into place.

    A link stays: the file behind it is replaced. What is no file (a device, a named pipe) is
    written to as it is. With `private` only its owner may read it. Raises OutputError.
    """
    try:
        if _is_device(path):
            with path.open("wb") as out:
                render(out)
        else:
            _replace(path.resolve(), render, private=private)
    except BrokenPipeError:
        return  # a named pipe whose reader has seen enough
    except OSError as error:
        raise OutputError(
            f"{path} could not be written: {error.strerror}; what stood there before is untouched",
            hint="Is the disk full?",
        ) from None


def _replace(path: Path, render: Callable[[BinaryIO], None], *, private: bool) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    mode = 0o600 if private else mode
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            render(out)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def to_stdout(render: Callable[[BinaryIO], None]) -> None:
    """Have bytes written to stdout; a reader that has seen enough is passed over."""
    stream = sys.stdout.buffer
    try:
        render(cast("BinaryIO", _Through(stream)))
        stream.flush()
    except OSError as error:
        # The exit code still tells the verdict.
        refused(error)


class _Through(BufferedIOBase):
    """Hands bytes on to stdout; closing it, as some writers do, leaves stdout open."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        return self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()
