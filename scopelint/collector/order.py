"""What to collect, as the user asked for it."""

from dataclasses import dataclass, field
from typing import Literal

from scopelint.collector.reader import Wanted
from scopelint.collector.shard import Shard
from scopelint.model import EntryKind
from scopelint.snapshot import Filters

Api = Literal["auto", "graphql", "rest"]


@dataclass(frozen=True, slots=True)
class Order:
    """The targets, the filters, the part of them, the way of reading, and how much at once.

    `page_size` bounds the projects a request asks the scopes of; None starts at 100. `also_resolve`
    are groups and projects, by number or full path, that a declared policy names.
    """

    wanted: tuple[Wanted, ...]
    filters: Filters = field(default_factory=Filters)
    api: Api = "auto"
    concurrency: int = 8
    page_size: int | None = None
    shard: Shard | None = None
    also_resolve: tuple[tuple[EntryKind, int | str], ...] = ()
