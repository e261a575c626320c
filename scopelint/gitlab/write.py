"""The only code that changes job token scopes in GitLab, one setting or row a call.

By REST through python-gitlab (doc/api/project_job_token_scopes.md, doc/api/projects.md); by GraphQL
what REST cannot do (doc/api/graphql/reference/_index.md): permissions of entries, cross-project
push, the outbound setting and its rows.

No call is repeated here while the one before may have happened: that raises LostAnswerError, and
the caller reads the project again to learn which it was.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from scopelint.errors import GitLabError, UnexpectedAnswerError
from scopelint.gitlab import graphql
from scopelint.gitlab.answers import WRITE_HINT
from scopelint.gitlab.ask import Failed, ask_required
from scopelint.gitlab.connection import Connection
from scopelint.gitlab.graphql import InvalidQueryError, TooMuchError
from scopelint.gitlab.rest_write import LostAnswerError, WriteRefusedError, send
from scopelint.gitlab.retry import ExchangeError
from scopelint.gitlab.values import FormError, array, child, names
from scopelint.model import EntryKind

log = logging.getLogger(__name__)

_ADD: Final = "ciJobTokenScopeAddGroupOrProject"
_UPDATE: Final = "ciJobTokenScopeUpdatePolicies"
_REMOVE: Final = "ciJobTokenScopeRemoveProject"
_SETTINGS: Final = "projectCiCdSettingsUpdate"
_LISTS: Final[Mapping[EntryKind, str]] = {"project": "allowlist", "group": "groups_allowlist"}


TargetPath = Callable[[EntryKind, int], str | Failed | None]
"""Returns the full path that a group or project has now, None where the token does not see it."""


class Writer:
    """Changes job token scopes. Threads may use it at the same time.

    Every method raises WriteRefusedError where the change was refused, LostAnswerError where it
    is not known whether it happened, and a GitLabError for what ends the run.
    """

    def __init__(self, connection: Connection, version: str, target_path: TargetPath) -> None:
        """`version` is GitLab's own, for messages; `target_path` looks a target's path up."""
        self._connection = connection
        self._version = version or "(version unknown)"
        self._target_path = target_path
        self._inputs: Mapping[str, frozenset[str]] | None = None

    def set_inbound(self, project_id: int, enabled: bool) -> None:
        """Switch a project's own limit on or off."""
        self._rest("patch", f"/projects/{project_id}/job_token_scope", {"enabled": enabled})

    def set_push(self, project_id: int, allowed: bool) -> None:
        """Let a project's own jobs push to it, or no more."""
        name = "ci_push_repository_for_job_token_allowed"
        self._rest("put", f"/projects/{project_id}", {name: allowed})

    def set_cross_project_push(self, project_path: str, allowed: bool) -> None:
        """Let jobs of allowlisted projects push, or no more."""
        self._settings(project_path, "crossProjectPushForJobTokenAllowed", allowed)

    def end_outbound(self, project_path: str) -> None:
        """Switch the deprecated outbound setting off; since 16.0 none can switch it on."""
        self._settings(project_path, "jobTokenScopeEnabled", value=False)

    def add_entry(self, project_id: int, kind: EntryKind, target_id: int) -> None:
        """Add an entry with default permissions."""
        path = f"/projects/{project_id}/job_token_scope/{_LISTS[kind]}"
        self._rest("post", path, {f"target_{kind}_id": target_id})

    def add_fine_grained(
        self, project_path: str, kind: EntryKind, target_id: int, policies: tuple[str, ...]
    ) -> None:
        """Add an entry together with its permissions: never a wide one that is narrowed later."""
        self._require(_ADD, "defaultPermissions", "jobTokenPolicies")
        target = self._target_path(kind, target_id)
        if isinstance(target, Failed):
            raise WriteRefusedError(f"{kind} {target_id} could not be looked up: {target.detail}")
        if target is None:
            raise WriteRefusedError(
                f"{kind} {target_id} is not visible to this token, so its path is not known, and"
                " a fine-grained entry can be added by path alone"
            )
        values = {"targetPath": target, "defaultPermissions": False}
        self._mutate(_ADD, projectPath=project_path, jobTokenPolicies=list(policies), **values)

    def update_policies(
        self, project_path: str, target_path: str, default: bool, policies: tuple[str, ...]
    ) -> None:
        """Change what an entry permits: default permissions, or exactly these policies."""
        self._require(_UPDATE, "defaultPermissions", "jobTokenPolicies")
        values = {"targetPath": target_path, "defaultPermissions": default}
        self._mutate(_UPDATE, projectPath=project_path, jobTokenPolicies=list(policies), **values)

    def remove_entry(self, project_id: int, kind: EntryKind, target_id: int) -> None:
        """Remove an inbound entry."""
        path = f"/projects/{project_id}/job_token_scope/{_LISTS[kind]}/{target_id}"
        self._rest("delete", path, None)

    def remove_outbound_entry(self, project_path: str, target_path: str) -> None:
        """Remove a leftover entry of direction outbound; it cannot be added again."""
        self._require(_REMOVE, "direction")
        values = {"targetProjectPath": target_path, "direction": "OUTBOUND"}
        self._mutate(_REMOVE, projectPath=project_path, **values)

    def _settings(self, project_path: str, name: str, value: bool) -> None:
        self._require(_SETTINGS, name)
        self._mutate(_SETTINGS, fullPath=project_path, **{name: value})

    def _rest(self, verb: str, path: str, data: dict[str, Any] | None) -> None:
        send(self._connection, verb, path, data, hint=WRITE_HINT)

    def _mutate(self, name: str, **values: Any) -> None:
        form = f"{name[0].upper()}{name[1:]}Input"
        text = f"mutation Write($input: {form}!) {{ {name}(input: $input) {{ errors }} }}"
        log.debug("%s %s", name, values)
        try:
            result = graphql.run(self._connection, text, {"input": values}, write=True)
        except InvalidQueryError as error:
            raise WriteRefusedError(f"this GitLab has no {name} of this form: {error}") from None
        except (ExchangeError, TooMuchError, FormError) as error:
            raise LostAnswerError(str(error)) from None
        except UnexpectedAnswerError:
            raise
        except GitLabError as error:
            if error.status is not None and error.status >= 500:
                raise LostAnswerError(error.message) from None
            raise
        # Who may not do it gets an error beside a null payload, what cannot be done is in `errors`.
        try:
            said = array(child(result.data, name) or {}, "errors")
        except FormError as error:
            raise LostAnswerError(str(error)) from None
        if said is None and not result.errors:
            # GitLab's payloads never lack the list: null is no answer, and no success.
            raise LostAnswerError(f"GitLab answered neither a result of {name} nor an error")
        errors = [*(error.message for error in result.errors), *(said or ())]
        if errors:
            words = self._connection.server.token.redact("; ".join(map(str, errors)))
            raise WriteRefusedError(f"GitLab refused: {words:.300}")

    def _require(self, name: str, *arguments: str) -> None:
        """Refuse what this version's mutation does not take, before anything is sent."""
        if self._inputs is None:
            self._inputs = self._ask_inputs()
        known = self._inputs.get(name, frozenset())
        missing = [argument for argument in arguments if argument not in known]
        if missing:
            what = f"argument {missing[0]} in the mutation {name}" if known else f"mutation {name}"
            raise WriteRefusedError(
                f"GitLab {self._version} has no {what}, and REST cannot do this"
            )

    def _ask_inputs(self) -> Mapping[str, frozenset[str]]:
        """Ask which arguments each mutation takes here."""

        def ask(option: str) -> Mapping[str, Any]:
            text = _inputs_query(option)
            url = self._connection.server.url
            return ask_required(lambda: graphql.run(self._connection, text, {}).data, url)

        try:
            data = ask("(includeDeprecated: true)")
        except InvalidQueryError:
            data = ask("")
        return {name: frozenset(names(child(data, name) or {}, "inputFields")) for name in data}


def _inputs_query(option: str) -> str:
    parts = (
        f'{name}: __type(name: "{name[0].upper()}{name[1:]}Input") {{ inputFields{option} {{ name }} }}'
        for name in (_ADD, _UPDATE, _REMOVE, _SETTINGS)
    )
    return f"query Forms {{ {' '.join(parts)} }}"
