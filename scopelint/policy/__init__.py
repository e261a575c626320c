"""The wanted state: what the settings and allowlists of projects are meant to be.

It offers `read_gitlabform` for a gitlabform config, `read_declared` for what a scopelint.yml names
or holds, `declared_from` for a tree with `projects_and_groups`, and `read_levels` for a text with
nothing else. All give a `DeclaredPolicy`, which rules ask (`scopelint.declared`).

A file is read as gitlabform 6 reads it: `precedence` finds the levels of a project, `merge` lays
one over the other, `job_token_scope` reads what comes out. It may import `declared`,
`errors`, `globs`, `model`, `paths`, `terraform`, `text` and `yaml`.
"""

from scopelint.policy.from_config import read_declared
from scopelint.policy.gitlabform import declared_from, read_gitlabform, read_levels

__all__ = ["declared_from", "read_declared", "read_gitlabform", "read_levels"]
