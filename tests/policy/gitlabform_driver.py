"""Runs inside gitlabform's own Python: what its classes make of configs, as JSON lines.

Reads `{"text": …, "paths": […]}` a line; answers `{"refused": true}` where gitlabform does not
take the config at all, else `{"projects": {path: …}}`: null where the section is left alone,
`"stop"` where the run ends, else what its processor sent and asked for.
"""

import contextlib
import importlib
import io
import json
import logging
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class Recorder:
    """Stands for GitLab: notes what the processor does with one project."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {"groups": None, "projects": None, "enforce": False}
        self.enabled: Any = None
        # Equals nothing, so whatever is declared is sent.
        self.inbound_enabled = object()
        self.id = -1
        self.job_token_scope = self
        self.allowlist = SimpleNamespace(list=self._listed, create=_nothing, delete=self._removed)
        self.groups_allowlist = self.allowlist
        self.asked: list[Any] = []

    def get(self) -> "Recorder":
        return self

    def refresh(self) -> None:
        """The processor does it after a change."""

    def save(self) -> None:
        if "limit" not in self.said:
            self.said["limit"] = self.enabled

    def _listed(self, **_: object) -> list[Any]:
        self.asked = []
        return [SimpleNamespace(id=-7, get_id=lambda: -7)]

    def _removed(self, _: object) -> None:
        self.said["enforce"] = True

    def get_group_by_path_cached(self, name: Any) -> Any:
        return self._found(name)

    def get_project_by_path_cached(self, name: Any) -> Any:
        return self if name == "\0itself" else self._found(name)

    def _found(self, name: Any) -> Any:
        # A text in place of a list is asked for by its letters, and no group has such a path.
        letter = isinstance(name, str) and len(name) < 2 and not name.isdigit()
        if isinstance(name, bool) or not isinstance(name, (int, str)) or letter:
            raise TypeError(name)
        self.asked.append(name)
        return SimpleNamespace(id=1000 + len(self.asked))


def _nothing(_: object) -> None:
    """Stands for adding an entry."""


def judge(configuration: Any, path: str) -> Any:
    """Return what gitlabform does with the section of one project."""
    try:
        config = configuration.get_effective_config_for_project(path)
        if configuration.is_project_skipped(path):
            return None
    except (Exception, SystemExit):  # noqa: BLE001 - gitlabform crashes in many ways
        return "stop"
    module = importlib.import_module("gitlabform.processors.project.job_token_scope_processor")

    class Processor(module.JobTokenScopeProcessor):  # type: ignore[misc,name-defined]
        def __init__(self, recorder: Recorder) -> None:
            self.configuration_name = "job_token_scope"
            self.gl = recorder

        def _process_groups(self, *given: Any) -> None:
            super()._process_groups(*given)
            self.gl.said["groups"] = list(self.gl.asked)

        def _process_projects(self, *given: Any) -> None:
            super()._process_projects(*given)
            self.gl.said["projects"] = list(self.gl.asked)

    recorder = Recorder()
    effective = SimpleNamespace(add_configuration=lambda *_: None)
    try:
        Processor(recorder).process("\0itself", config, False, False, effective)
    except Exception as error:  # noqa: BLE001
        recorder.said["error"] = repr(error)
    return recorder.said if "limit" in recorder.said else None


def load(text: str) -> Any:
    """Return gitlabform's configuration, transformed as in a run; None where it refuses."""
    configuration = importlib.import_module("gitlabform.configuration")
    transform = importlib.import_module("gitlabform.configuration.transform")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yml"
        file.write_text(text, encoding="utf-8")
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                found = configuration.Configuration(config_path=str(file))
                transform.ConfigurationTransformers(None, logging.CRITICAL).transform(found)
                # The filter of a run refuses an empty one; the levels are asked for by .keys().
                if not found.get("projects_and_groups", {}):
                    return None
                found.get("projects_and_groups").keys()
        except (Exception, SystemExit):  # noqa: BLE001
            return None
    return found


def main() -> None:
    """Answer each line."""
    logging.disable(logging.CRITICAL)
    # gitlabform leaves by exit(), which closes stdin.
    for line in sys.stdin.readlines():
        order = json.loads(line)
        found = load(order["text"])
        answer: dict[str, Any] = {"refused": True}
        if found is not None:
            answer = {"projects": {path: judge(found, path) for path in order["paths"]}}
        print(json.dumps(answer, default=str), flush=True)


if __name__ == "__main__":
    main()
