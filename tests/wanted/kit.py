"""Small snapshots with a wanted state laid over them."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scopelint.declared import DeclaredPolicy
from scopelint.model import Project, Scope
from scopelint.policy import read_gitlabform
from scopelint.snapshot import Source, open_snapshots
from scopelint.snapshot.inventory import Inventory
from scopelint.testing import write
from scopelint.wanted import WantedState, after, wanted_by_policy

SHOP = "acme/web/shop"


@contextmanager
def snapshot(projects: Mapping[str, Any], **more: Any) -> Iterator[Source]:
    """Give a snapshot of these projects."""
    described = {"version": "19.3.0-ee", "enforcement": "off", "projects": projects, **more}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot"
        write(described, path)
        with open_snapshots([path]) as source:
            yield source


def policy(limit: str = "true", allowlist: str = "{}") -> DeclaredPolicy:
    """A policy for the shop: the limit in line 5, the allowlist in line 6."""
    text = f"""config_version: 4
projects_and_groups:
  {SHOP}:
    job_token_scope:
      limit_access_to_this_project: {limit}
      allowlist: {allowlist}
"""
    return read_gitlabform(text, "policy.yml")


@contextmanager
def changed(
    declared: DeclaredPolicy, projects: Mapping[str, Any], **more: Any
) -> Iterator[tuple[Inventory, WantedState]]:
    """Give the inventory of a snapshot after a policy, and the wanted state."""
    with snapshot(projects, **more) as source:
        wanted = wanted_by_policy(declared, Inventory(source))
        yield after(source, wanted), wanted


def scope(inventory: Inventory, path: str = SHOP) -> Scope:
    """Return a project's scope."""
    found = by_path(inventory, path)
    assert found.scope is not None
    return found.scope


def by_path(inventory: Inventory, path: str) -> Project:
    """Return a project."""
    return next(project for project in inventory.projects() if project.path == path)


def names(inventory: Inventory, path: str = SHOP) -> list[str | None]:
    """Return the paths of a project's entries."""
    return [entry.target_path for entry in scope(inventory, path).entries]
