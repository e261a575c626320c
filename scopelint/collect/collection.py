"""One collection, from the targets to a finished snapshot; or on from where one was interrupted.

The enumeration (ids and paths, a cursor's pages one after the other) and the scopes (a page of
projects by id, many at once) run side by side: while one page is turned, the scopes of the pages
before it are read. What is finished is in the snapshot before the next thing starts.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import scopelint
from scopelint.collect import (
    attributes,
    audit_events,
    batches,
    enforcement,
    targets_outside,
    user_namespaces,
)
from scopelint.collect.batches import Scopes
from scopelint.collect.enumeration import Enumeration
from scopelint.collect.graphql_reader import GraphQLReader
from scopelint.collect.reader import Reader, ResolvedTarget
from scopelint.collect.request import CollectRequest
from scopelint.collect.rest_reader import RestReader
from scopelint.collect.run import Run, Workers, run_before
from scopelint.errors import GitLabError, NothingScannedError, SnapshotError
from scopelint.gitlab.answers import NO_ADMIN_MODE
from scopelint.gitlab.ask import ask_required
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.graphql import FineGrainedTokenError, InvalidQueryError
from scopelint.model import READ_WHERE_NEEDED, Assumption, Fact
from scopelint.progress import Listener, silent
from scopelint.run_identity import SAME_SHARD, check_same
from scopelint.snapshot import Filters, Header, SnapshotWriter

log = logging.getLogger(__name__)


def collect(
    connection: Connection,
    request: CollectRequest,
    path: Path,
    listener: Listener | None = None,
    *,
    resume: bool = False,
) -> Header:
    """Collect into the snapshot at `path` and return its header.

    With `resume` an unfinished snapshot is continued: no finished page is read again. Raises a
    GitLabError where the run cannot go on (what was read stays in the file), SnapshotError where
    the file is finished or another collection's, NothingScannedError where the targets hold no
    project, OutputError where the disk refuses.
    """
    writer = SnapshotWriter.resume(path) if resume and _holds_something(path) else None
    if writer is not None:
        if request.api == "auto":
            # What was begun one way cannot go on the other.
            request = replace(request, api=writer.header.api)
        return _collect(connection, request, path, writer, listener or silent, over_empty=True)
    try:
        return _collect(connection, request, path, None, listener or silent, over_empty=resume)
    except FineGrainedTokenError as error:
        if request.api != "auto":
            raise
        log.warning("%s; reading by REST", error.message)
    # Nothing of use was written, and the other way of reading wants the place.
    path.unlink(missing_ok=True)
    request = replace(request, api="rest")
    return _collect(connection, request, path, None, listener or silent, over_empty=resume)


def select_reader(connection: Connection, request: CollectRequest) -> Reader:
    """Return the reader for this instance, token and `--api`; raise a GitLabError if there is none."""
    return ask_required(lambda: _make_reader(connection, request), connection.server.url)


def _make_reader(connection: Connection, request: CollectRequest) -> Reader:
    if request.api == "rest":
        return RestReader(connection, request.filters)
    try:
        reader = GraphQLReader(connection, request.filters, request.targets)
    except (InvalidQueryError, FineGrainedTokenError) as error:
        if request.api == "graphql":
            raise
        log.warning("%s; reading by REST", error.message)
        return RestReader(connection, request.filters)
    if reader.caps.readable:
        return reader
    if request.api == "graphql":
        raise GitLabError(
            f"GitLab {reader.caps.version_text or '(version unknown)'} does not show job token"
            " scopes by GraphQL",
            hint="Use --api rest.",
        )
    log.info("GitLab %s: reading by REST", reader.caps.version_text)
    return RestReader(connection, request.filters)


def _collect(
    connection: Connection,
    request: CollectRequest,
    path: Path,
    writer: SnapshotWriter | None,
    listener: Listener,
    *,
    over_empty: bool,
) -> Header:
    reader = run_before(connection, listener, lambda: select_reader(connection, request))
    # The same target may be named twice, by path and by number.
    found = ask_required(lambda: reader.resolve(request.targets), connection.server.url)
    targets = list(dict.fromkeys(found))
    header = _header(connection, request, reader, targets)
    if writer is None:
        writer = SnapshotWriter(path, header, over_empty=over_empty)
    with writer:
        _check_same_collection(writer.header, header, path)
        run = Run(connection, reader, writer, Workers(request.concurrency), listener)
        try:
            _read(run, request, targets)
        finally:
            run.workers.close()
            _save_counts(run)
        if not writer.count("read") + writer.count("unreadable") + writer.count("elsewhere"):
            raise _nothing(targets, request.filters)
        return writer.header


def _read(run: Run, request: CollectRequest, targets: Sequence[ResolvedTarget]) -> None:
    scopes = Scopes(run, request.page_size)
    scopes.add(run.writer.listed_ids())
    Enumeration(run, request.filters, request.shard, scopes.add, scopes.no_more).start(targets)
    run.work()
    if Fact.ACCESS_LEVELS in request.needed:
        run.progress.step = "features"
        batches.read(run, targets)
    attributes.read(run, targets, request.needed)
    run.progress.step = "entry targets"
    header = run.writer.header
    count_groups = header.whole_instance and not header.administrator
    also = targets_outside.find(run, request.also_resolve)
    targets_outside.resolve(run, count_groups=count_groups, also=also)
    attributes.read_of_targets(run, request.needed)
    audit_events.read(run, request.needed)
    run.progress.step = "enforcement"
    # Last, so that what it finds holds at the end of the collection, after a break too.
    found = enforcement.find(run.connection, run.reader, run.writer)
    run.writer.add_gaps(found.gaps)
    header = run.writer.header
    run.writer.save_header(
        header.with_changes(
            finished_at=_now(),
            enforcement=found.state,
            unavailable={**header.unavailable, **_unavailable(run.reader, request)},
            assumptions=(
                *header.assumptions,
                Assumption("enforcement", found.state, found.source, _now()),
            ),
        )
    )
    run.progress.step = "done"
    run.tell()


def _save_counts(run: Run) -> None:
    """Add what this run sent to what earlier ones sent into the same file."""
    stats, header = run.connection.retrier.stats, run.writer.header
    run.writer.save_header(
        header.with_changes(
            requests=header.requests + stats.requests, retries=header.retries + stats.retries
        )
    )


def _header(
    connection: Connection,
    request: CollectRequest,
    reader: Reader,
    targets: Sequence[ResolvedTarget],
) -> Header:
    whole = any(target.kind == "instance" for target in targets)
    if whole and not reader.administrator:
        log.warning(
            "%s: of the instance, only the projects it is a member of are read",
            NO_ADMIN_MODE if reader.admin_mode_missing else "the token is no administrator's",
        )
    user_namespaces.tell(targets, reader)
    return Header(
        tool_version=scopelint.__version__,
        instance=connection.server.url,
        targets=tuple(sorted({target.path for target in targets})),
        api=reader.api,
        gitlab_version=reader.caps.version_text,
        started_at=_now(),
        filters=request.filters,
        administrator=reader.administrator,
        whole_instance=whole,
        shard=request.shard,
        unavailable=_unavailable(reader, request),
        feature_flags=reader.caps.feature_flags,
        assumptions=_assumptions(reader),
    )


def _assumptions(reader: Reader) -> tuple[Assumption, ...]:
    """Return what is concluded at the start for all that is read."""
    version = reader.caps.version_text or "unknown"
    rights = "an administrator's" if reader.administrator else "not an administrator's"
    return (
        Assumption(
            "version", version, "what GitLab said before the first project was read", _now()
        ),
        Assumption("token", rights, "what GitLab said of the token's user", _now()),
    )


NOT_NEEDED: Final = "no rule that was chosen when collecting needed it, so it was not read"
"""Why a fact that is read only where it is needed is missing for the whole run."""
NOT_ASKED_FOR: Final = "they are read with --audit-events, where a rule of the run tells them"
"""Why audit events are."""


def _unavailable(reader: Reader, request: CollectRequest) -> dict[Fact, str]:
    """Return what this run reads for no project: not shown that way, or not needed."""
    # Reading by REST brings the others with each project, whether needed or not.
    left = (READ_WHERE_NEEDED if reader.api == "graphql" else {Fact.AUDIT_EVENTS}) - request.needed
    missing = dict.fromkeys(left, NOT_NEEDED)
    if Fact.AUDIT_EVENTS in left:
        missing[Fact.AUDIT_EVENTS] = NOT_ASKED_FOR
    return missing | dict(reader.unavailable())


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _check_same_collection(found: Header, asked: Header, path: Path) -> None:
    check_same(
        (str(path), found.identity()),
        ("this run", asked.identity()),
        SAME_SHARD,
        error=SnapshotError,
        hint="Give another file, or the options it was collected with.",
    )


def _nothing(targets: Sequence[ResolvedTarget], filters: Filters) -> NothingScannedError:
    where = ", ".join(target.path for target in targets)
    if filters.everything:
        return NothingScannedError(
            f"{where}: there is no project to judge",
            hint="Is it empty, or are its projects hidden from this token?",
        )
    return NothingScannedError(
        f"{where}: no project is left to judge after --include, --exclude and --archived",
        hint="Globs match the whole full path; 'acme/**' is everything below acme.",
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
