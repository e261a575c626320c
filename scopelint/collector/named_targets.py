"""The groups and projects that a declared policy names: which of them are there."""

from collections.abc import Sequence

from scopelint.collector.attempt import Failed, attempt
from scopelint.collector.run import Run
from scopelint.model import EntryKind

BATCH = 20
"""Paths a job: what one GraphQL query looks up."""

Names = Sequence[tuple[EntryKind, int | str]]


def find(run: Run, names: Names) -> list[tuple[EntryKind, int, str | None]]:
    """Look up the names, keep the answer in the header, and return what is outside the read tree.

    What is inside is known already. A path that could not be asked for, as GitLab failed, is left
    out of the answer.
    """
    outside: list[tuple[EntryKind, int, str | None]] = []
    kinds: tuple[EntryKind, ...] = ("group", "project")
    for kind in kinds:
        numbers = {name for found, name in names if found == kind and isinstance(name, int)}
        paths = {name.lower() for found, name in names if found == kind and isinstance(name, str)}
        inside = run.writer.numbers(kind, paths) if paths else {}
        _keep(run, kind, inside)
        _ask(run, kind, sorted(paths - inside.keys()))
        outside += [(kind, number, None) for number in sorted(numbers)]
    run.work()
    for key, found_number in run.writer.header.named.items():
        what, _, path = key.partition(":")
        if found_number is not None:
            outside.append(("group" if what == "group" else "project", found_number, path))
    unique = {each[:2]: each for each in outside}
    return [each for each in unique.values() if not run.writer.is_known(each[0], each[1])]


def _ask(run: Run, kind: EntryKind, paths: Sequence[str]) -> None:
    for start in range(0, len(paths), BATCH):
        _ask_some(run, kind, paths[start : start + BATCH])


def _ask_some(run: Run, kind: EntryKind, some: Sequence[str]) -> None:
    def then(answer: dict[str, int] | Failed) -> None:
        if not isinstance(answer, Failed):
            _keep(run, kind, {path: answer.get(path) for path in some})
        run.tell()

    run.workers.submit(lambda: attempt(lambda: run.reader.find(kind, some)), then)


def _keep(run: Run, kind: EntryKind, found: dict[str, int] | dict[str, int | None]) -> None:
    header = run.writer.header
    named = {**header.named, **{f"{kind}:{path}": number for path, number in found.items()}}
    if named != header.named:
        run.writer.save_header(header.with_changes(named=named))
