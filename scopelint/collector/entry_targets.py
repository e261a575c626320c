"""What entries point to outside the read tree, resolved once a run and in batches."""

from collections.abc import Mapping, Sequence

from scopelint.collector.attempt import Failed, attempt
from scopelint.collector.run import Run
from scopelint.model import EntryKind, Fact, Gap, Reason, Target

ONE_BY_ONE_BATCH = 20
"""Targets a job where the reader asks for one at a time."""

Paths = Mapping[tuple[EntryKind, int], str | None]


def resolve(
    run: Run, *, count_groups: bool, also: Sequence[tuple[EntryKind, int, str | None]] = ()
) -> None:
    """Ask for every target that is not known yet; one that does not come back is a gap.

    `also` are more targets, by kind, number and path.
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
            _ask(run, kind, ids[start : start + size], paths)
    run.work()


def _ask(run: Run, kind: EntryKind, ids: Sequence[int], paths: Paths) -> None:
    def then(answer: list[Target] | Failed) -> None:
        if isinstance(answer, Failed) and len(ids) > 1:
            half = (len(ids) + 1) // 2
            _ask(run, kind, ids[:half], paths)
            _ask(run, kind, ids[half:], paths)
            return
        targets: list[Target] = []
        reason, detail = Reason.NOT_VISIBLE, "the token does not see this target"
        if isinstance(answer, Failed):
            reason, detail = answer.reason, answer.detail
        else:
            targets = answer
        seen = {target.id for target in targets}
        unseen = [number for number in ids if number not in seen]
        hidden = [Target(kind, number, paths[kind, number], visible=False) for number in unseen]
        gaps = [
            Gap(Fact.TARGET, reason, detail, kind, number, paths[kind, number]) for number in unseen
        ]
        run.writer.add_targets([*targets, *hidden], gaps)
        run.tell()

    run.workers.submit(lambda: attempt(lambda: run.reader.targets(kind, ids)), then)
