"""gitlab-ci: what the jobs of a CI/CD configuration use."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from scopelint.access.token_requests import named_project
from scopelint.access.token_routes import find_route
from scopelint.finder import Finder, Reference, RepositoryFile
from scopelint.references import (
    PipelineJob,
    Script,
    Variables,
    image_reference,
    read_pipeline,
    scan_commands,
    scan_values,
)
from scopelint.references.variables import OPEN, first_mark, mark, unmark
from scopelint.yaml import AnyNode, MappingNode, ScalarNode, SequenceNode

_ARTIFACTS: Final = find_route("GET", "/jobs/1/artifacts")
_FETCHING: Final = frozenset({"normal", "recursive"})
_SUBMODULES: Final = re.compile(r"\bgit\s+submodule\s+(?:\S+\s+){0,8}?update\b")


class GitLabCi(Finder):
    """Reads jobs: the artifacts they need, their images, their scripts, their variables."""

    name = "gitlab-ci"
    title = "GitLab's CI/CD configuration"
    paths = (".gitlab-ci.yml",)
    ci_configuration = True
    max_bytes = 512 * 1024

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield what each job uses."""
        _, jobs = read_pipeline(file.text, file.path)
        for job in jobs:
            texts = {name: node.text for name, node in job.variables.items()}
            variables = Variables(file.project, file.site).with_values(texts, job.unsure)
            yield from _needs(job.keys.get("needs"), variables)
            yield from _images(job, variables)
            yield from scan_commands(Script(tuple(job.commands()), variables))
            values = ((node.line, name, node.text) for name, node in job.variables.items())
            yield from scan_values(values, variables)

    def others(self, file: RepositoryFile) -> Iterator[str]:
        """Yield the local files that it includes, for this pipeline or for child pipelines."""
        root, jobs = read_pipeline(file.text, file.path)
        variables = Variables(file.project, file.site)
        included = [root.get("include")]
        for job in jobs:
            trigger = job.keys.get("trigger")
            included.append(trigger.get("include") if isinstance(trigger, MappingNode) else None)
        for node in included:
            for each in node.value if isinstance(node, SequenceNode) else (node,):
                path = _local(each, variables)
                if path is not None:
                    yield path

    def fetches_submodules(self, file: RepositoryFile) -> bool:
        """Tell whether a job fetches submodules, by its variable or by a command."""
        _, jobs = read_pipeline(file.text, file.path)
        for job in jobs:
            strategy = job.variables.get("GIT_SUBMODULE_STRATEGY")
            if strategy is not None and strategy.text.strip() in _FETCHING:
                return True
            if any(_SUBMODULES.search(text) for _, text in job.commands()):
                return True
        return False


def _needs(node: AnyNode | None, variables: Variables) -> Iterator[Reference]:
    """Yield the projects whose artifacts a job needs; `needs:pipeline` is the own pipeline's."""
    items: Iterable[AnyNode] = node.value if isinstance(node, SequenceNode) else ()
    for item in items:
        project = item.get("project") if isinstance(item, MappingNode) else None
        if not isinstance(project, ScalarNode):
            continue
        marked = mark(project.text.strip())
        filled = variables.fill(marked)
        made = Reference(project.line, "artifacts", written=unmark(marked), route=_ARTIFACTS)
        named = named_project(filled)
        if named is not None:
            yield replace(made, targets=(named,))
        else:
            yield replace(made, variable=first_mark(filled), note="it is no path of a project")


def _images(job: PipelineJob, variables: Variables) -> Iterator[Reference]:
    services = job.keys.get("services")
    nodes = [job.keys.get("image")]
    nodes += services.value if isinstance(services, SequenceNode) else ()
    for node in nodes:
        name = node.get("name") if isinstance(node, MappingNode) else node
        if not isinstance(name, ScalarNode) or not name.text.strip():
            continue
        marked = mark(name.text.strip())
        found = image_reference(marked, variables, name.line)
        if found is not None:
            yield found
        elif variables.fill(marked).startswith(OPEN):
            yield Reference(
                name.line,
                "read_registry",
                written=unmark(marked),
                variable=first_mark(variables.fill(marked)),
                sends_token=False,
                note="it is a use only where the variable holds an image of this GitLab",
            )


def _local(node: AnyNode | None, variables: Variables) -> str | None:
    """Return the path of a local include; None for other kinds, patterns and unknown variables."""
    if isinstance(node, MappingNode):
        node = node.get("local")
    elif isinstance(node, ScalarNode) and "://" in node.text:
        return None
    if not isinstance(node, ScalarNode):
        return None
    path = variables.fill(mark(node.text.strip())).lstrip("/")
    parts = path.split("/")
    exact = not set(path) & {"*", "?", OPEN} and not {"", ".", ".."} & {*parts}
    return path if exact else None
