"""What entries point to outside the read tree, and who used it from there: asked once, in batches."""

from collections.abc import Mapping, Sequence

from scopelint.collect.run import Run
from scopelint.gitlab.ask import Failed, ask_optional
from scopelint.model import EntryKind, Fact, Gap, Reason, Target

ONE_BY_ONE_BATCH = 20
"""Targets a job where the reader asks for one at a time."""

Paths = Mapping[tuple[EntryKind, int], str | None]


def resolve(
    run: Run, *, count_groups: bool, also: Sequence[tuple[EntryKind, int, str | None]] = ()
) -> None:
    """Ask for every target that is not known yet; one that does not come back is a gap.

    `also` are more targets, by kind, number and path. The origins in the log are asked for too: who
    cannot see one cannot add an entry for it. None of these is a gap, as no entry is about it.
    """
    found = run.writer.unresolved_targets(count_groups=count_groups)
    asked = {(kind, number) for kind, number, _ in found}
    unresolved = [*found, *(each for each in also if each[:2] not in asked)]
    paths: Paths = {(kind, number): path for kind, number, path in unresolved}
    size = run.reader.batch if run.reader.batch > 1 else ONE_BY_ONE_BATCH
    kinds: tuple[EntryKind, ...] = ("group", "project")
    for kind in kinds:
        ids = [number for found, number, _ in unresolved if found == kind]
        for start in range(0, len(ids), size):
            _ask(run, kind, ids[start : start + size], paths, gaps=True)
    run.work()
    origins = run.writer.unresolved_origins()
    paths = {(kind, number): path for kind, number, path in origins}
    for start in range(0, len(origins), size):
        ids = [number for _, number, _ in origins[start : start + size]]
        _ask(run, "project", ids, paths, gaps=False)
    run.work()


def _ask(run: Run, kind: EntryKind, ids: Sequence[int], paths: Paths, *, gaps: bool) -> None:
    def then(answer: list[Target] | Failed) -> None:
        if isinstance(answer, Failed) and len(ids) > 1:
            half = (len(ids) + 1) // 2
            _ask(run, kind, ids[:half], paths, gaps=gaps)
            _ask(run, kind, ids[half:], paths, gaps=gaps)
            return
        if isinstance(answer, Failed) and not gaps:
            return  # Whether the token sees it stays not known.
        targets: list[Target] = []
        reason, detail = Reason.NOT_VISIBLE, "the token does not see this target"
        if isinstance(answer, Failed):
            reason, detail = answer.reason, answer.detail
        else:
            targets = answer
        seen = {target.id for target in targets}
        unseen = [number for number in ids if number not in seen]
        hidden = [Target(kind, number, paths[kind, number], visible=False) for number in unseen]
        missing = [
            Gap(Fact.TARGET, reason, detail, kind, number, paths[kind, number]) for number in unseen
        ]
        run.writer.add_targets([*targets, *hidden], missing if gaps else ())
        run.tell()

    run.workers.submit(lambda: ask_optional(lambda: run.reader.targets(kind, ids)), then)


NAMES_A_QUERY = 20
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
        _ask_names(run, kind, sorted(paths - inside.keys()))
        outside += [(kind, number, None) for number in sorted(numbers)]
    run.work()
    for key, found_number in run.writer.header.named.items():
        what, _, path = key.partition(":")
        if found_number is not None:
            outside.append(("group" if what == "group" else "project", found_number, path))
    unique = {each[:2]: each for each in outside}
    return [each for each in unique.values() if not run.writer.is_known(each[0], each[1])]


def _ask_names(run: Run, kind: EntryKind, paths: Sequence[str]) -> None:
    for start in range(0, len(paths), NAMES_A_QUERY):
        _ask_some(run, kind, paths[start : start + NAMES_A_QUERY])


def _ask_some(run: Run, kind: EntryKind, some: Sequence[str]) -> None:
    def then(answer: dict[str, int] | Failed) -> None:
        if not isinstance(answer, Failed):
            _keep(run, kind, {path: answer.get(path) for path in some})
        run.tell()

    run.workers.submit(lambda: ask_optional(lambda: run.reader.find(kind, some)), then)


def _keep(run: Run, kind: EntryKind, found: dict[str, int] | dict[str, int | None]) -> None:
    header = run.writer.header
    named = {**header.named, **{f"{kind}:{path}": number for path, number in found.items()}}
    if named != header.named:
        run.writer.save_header(header.with_changes(named=named))
