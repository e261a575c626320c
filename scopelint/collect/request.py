"""What to collect, as the user asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scopelint.collect.reader import TargetRef
from scopelint.errors import UsageError
from scopelint.model import READ_BY_DEFAULT, EntryKind, Fact
from scopelint.snapshot import MAX_SHARDS, Filters

Api = Literal["auto", "graphql", "rest"]


Shard = tuple[int, int]
"""Index and total, both from 1."""


@dataclass(frozen=True, slots=True)
class CollectRequest:
    """What to read, by which API, and how much at once."""

    targets: tuple[TargetRef, ...]
    filters: Filters = field(default_factory=Filters)
    api: Api = "auto"
    concurrency: int = 8
    """Requests under way at once."""
    page_size: int | None = None
    """Projects whose scopes one request asks for, at most; None starts at 100."""
    shard: Shard | None = None
    """The part of the projects to read; None reads all."""
    also_resolve: tuple[tuple[EntryKind, int | str], ...] = ()
    """Groups and projects, by number or full path, that a declared policy names."""
    needed: frozenset[Fact] = READ_BY_DEFAULT
    """Of the facts that are read only where needed, those to read."""


def holds(shard: Shard | None, project_id: int) -> bool:
    """Tell whether a project belongs to a shard; every project belongs to None."""
    return shard is None or project_id % shard[1] == shard[0] - 1


def parse_shard(text: str | None, environment: Mapping[str, str]) -> Shard | None:
    """Read `--shard I/N` or `--shard auto`; raise UsageError for anything else.

    `auto` takes GitLab CI's CI_NODE_INDEX and CI_NODE_TOTAL, which a job with `parallel:` has
    (doc/ci/yaml/_index.md, "parallel"). It is never implied: a `parallel:matrix` job has them too.
    """
    if text is None:
        return None
    if text == "auto":
        index, total = environment.get("CI_NODE_INDEX", ""), environment.get("CI_NODE_TOTAL", "")
        if not index or not total:
            raise UsageError(
                "--shard auto needs CI_NODE_INDEX and CI_NODE_TOTAL",
                hint="Set `parallel: N` on the job, or name the shard: --shard 1/4",
            )
    else:
        index, _, total = text.partition("/")
    if not (
        index.isdecimal() and total.isdecimal() and 1 <= int(index) <= int(total) <= MAX_SHARDS
    ):
        raise UsageError(
            f"--shard {index}/{total} is not I/N with 1 ≤ I ≤ N"
            if text == "auto"
            else f"--shard {text!r} is not I/N with 1 ≤ I ≤ N, nor auto",
            hint="Such as --shard 1/4",
        )
    return int(index), int(total)
