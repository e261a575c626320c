"""What GitLab's answers mean: for each thing, can or cannot or not known, and what to do."""

from collections.abc import Iterator

from scopelint.collect.diagnose import Observations
from scopelint.collect.diagnosis import (
    Ability,
    DiagnosedTarget,
    DiagnosedToken,
    Diagnosis,
    Sample,
    State,
)
from scopelint.gitlab import token_needs
from scopelint.gitlab.answers import NO_ADMIN_MODE
from scopelint.gitlab.token_needs import GROUP, PROJECT, READ_GROUP, TokenNeed
from scopelint.model import Fact, Reason
from scopelint.versions import (
    CROSS_PROJECT_PUSH,
    DEFAULT_PERMISSIONS_FIELD,
    ENFORCEMENT_SETTING,
    LOG_READABLE,
    PUSH_SETTING,
    since,
)

_NO_PROJECT = "no project's scope was read"
_MORE_ROLE = "Give the token's user the role Maintainer there."
_CLASSIC = "For it, use a classic token with the scope read_api; scopelint then reads by GraphQL."


def conclude(found: Observations) -> Diagnosis:
    """Return the diagnosis that the answers make."""
    token, caps = found.token, found.caps
    kinds = {True: "fine_grained", False: "classic", None: None}
    return Diagnosis(
        schema="scopelint-doctor/1",
        instance=found.instance,
        gitlab_version=caps.version_text or None,
        api="graphql" if found.api == "graphql" else "rest",
        token=DiagnosedToken(
            user=caps.username,
            kind=kinds[token.fine_grained],
            scopes=token.scopes,
            permissions=token.permissions,
            expires_at=token.expires_at,
            administrator=found.administrator,
        ),
        targets=tuple(
            DiagnosedTarget(kind=each.kind, id=each.id, path=each.path) for each in found.targets
        ),
        projects=Sample(
            tried=found.tried,
            read=found.read,
            unread=dict(sorted(found.unread.items())),
            examples=tuple(found.examples),
        ),
        abilities=tuple(_abilities(found)),
        entries_point_to=dict(sorted(found.top_groups.items())) if found.read else None,
        healthy=found.tried > 0 and not found.unread,
    )


def _abilities(found: Observations) -> Iterator[Ability]:
    yield _scopes(found)
    yield _allowlists(found)
    yield from _permissions_of_token(found)
    yield _graphql_only(
        found,
        "permissions",
        "read what entries permit",
        "the rules that compare permissions are not judged",
    )
    yield _graphql_only(
        found,
        "own_flag",
        "tell a project's own limit from the one in force",
        "a limit that only the instance sets is judged only where it does not enforce",
    )
    yield _log(found)
    yield _audit_events(found)
    yield from _fields(found)
    yield _enforcement(found)
    yield _instance(found)
    yield _change(found)


def _scopes(found: Observations) -> Ability:
    name, what = "scopes", "read job token scopes"
    if not found.tried:
        return Ability(
            name=name,
            what=what,
            state="not_known",
            found="the targets show this token no project",
            consequence="a scan would have nothing to judge (exit 3)",
            next_step="Name another target, or make the token's user a member.",
        )
    text = f"{found.read} of {found.tried} projects tried"
    if not found.unread:
        return Ability(name=name, what=what, state="can", found=text)
    reasons = ", ".join(
        f"{count} {reason.replace('_', ' ')}" for reason, count in sorted(found.unread.items())
    )
    state: State = "cannot" if not found.read else "can"
    return Ability(
        name=name,
        what=what,
        state=state,
        found=f"{text}; {reasons}, such as {', '.join(found.examples)}: {found.why}",
        consequence="these projects get one unknown and no other verdict; the scan is incomplete (exit 3)",
        next_step=_scopes_step(found),
    )


def _scopes_step(found: Observations) -> str:
    if Reason.FORBIDDEN.value not in found.unread:
        return "Scan again; if it stays so, scopelint scan -v shows what GitLab answered."
    if found.token.fine_grained:
        lacking = [name for name, has in found.permissions.items() if has is False]
        if lacking:
            return f"Make a token that has these permissions too: {', '.join(lacking)}."
    if "requires a fine-grained" in found.why:
        names = ", ".join(_need(found).permissions)
        return f"Make a fine-grained token for these projects, with the permissions {names}."
    return _MORE_ROLE


def _need(found: Observations) -> TokenNeed:
    return GROUP if any(target.kind == "group" for target in found.targets) else PROJECT


def _allowlists(found: Observations) -> Ability:
    name, what, missing = "entries", "read allowlists", found.partly[Fact.ENTRIES]
    if not found.read:
        return _not_known(found, name, what)
    text = f"{found.read - missing} of {found.read} projects whose scope was read"
    if not missing:
        return Ability(name=name, what=what, state="can", found=text)
    return Ability(
        name=name,
        what=what,
        state="cannot" if missing == found.read else "can",
        found=text,
        consequence="the rules on entries say unknown there; the scan is incomplete (exit 3)",
        next_step=f"Add the permission {token_needs.READ_ALLOWLIST} to the token."
        if found.token.fine_grained
        else "Scan again; if it stays so, scopelint scan -v shows what GitLab answered.",
    )


def _permissions_of_token(found: Observations) -> Iterator[Ability]:
    """Yield a line for each permission that reading needs, where the token is fine-grained."""
    uses = {
        READ_GROUP: "find the projects of a group",
        token_needs.READ_PROJECT: "list projects, with their settings for pushes",
        token_needs.READ_SCOPE: "read whether the limit is on",
        token_needs.READ_ALLOWLIST: "read the entries",
    }
    states: dict[bool | None, State] = {True: "can", False: "cannot", None: "not_known"}
    words = {True: "the token has it", False: "the token lacks it", None: "nothing asked tells"}
    for name, has in found.permissions.items():
        yield Ability(
            name=f"permission:{name}",
            what=f"permission {name}, to {uses[name]}",
            state=states[has],
            found=words[has],
            consequence=f"cannot {uses[name]}" if has is False else "",
            next_step=f"Make a token that has {name} too." if has is False else "",
        )


def _graphql_only(found: Observations, name: str, what: str, consequence: str) -> Ability:
    if found.api == "rest":
        older = since(found.caps.version, DEFAULT_PERMISSIONS_FIELD) is False
        if name == "permissions" and older:
            text = "this GitLab has no fine-grained entries"
            return Ability(name=name, what=what, state="can", found=text)
        return Ability(
            name=name,
            what=what,
            state="cannot",
            found="REST does not show it",
            consequence=consequence,
            next_step=_CLASSIC if found.token.fine_grained else "Leave --api rest out.",
        )
    if not found.read:
        return _not_known(found, name, what)
    return Ability(name=name, what=what, state="can", found="GraphQL shows it")


def _log(found: Observations) -> Ability:
    name, what = "log", "read the authentication log (--usage)"
    consequence = "suggest and the rules that rely on use have nothing to go by"
    if found.api == "rest" or not found.caps.log:
        by_rest = found.api == "rest"
        older = f"this GitLab does not show it; {LOG_READABLE} and later do"
        step = _CLASSIC if found.token.fine_grained else "Leave --api rest out."
        return Ability(
            name=name,
            what=what,
            state="cannot",
            found="REST does not show it" if by_rest else older,
            consequence=consequence,
            next_step=step if by_rest else "",
        )
    if not found.read:
        return _not_known(found, name, what, consequence)
    text = f"the logs of {found.logs} of {found.read} projects whose scope was read"
    if found.logs == found.read:
        return Ability(name=name, what=what, state="can", found=text)
    return Ability(
        name=name,
        what=what,
        state="can" if found.logs else "cannot",
        found=text,
        consequence="what relies on use is unknown in the other projects",
        next_step=_MORE_ROLE,
    )


def _audit_events(found: Observations) -> Ability:
    name, what = "audit_events", "tell who opened a project (--audit-events)"
    consequence = "neither findings nor diff say who opened a project, and when"
    if not found.events:
        return _not_known(found, name, what, consequence)
    refusals = [why for why in found.events if why is not None]
    read = len(found.events) - len(refusals)
    text = f"the audit events of {read} of {len(found.events)} projects tried"
    if not refusals:
        return Ability(name=name, what=what, state="can", found=text)
    return Ability(
        name=name,
        what=what,
        state="can" if read else "cannot",
        found=f"{text}; {refusals[0]}",
        consequence=consequence if not read else f"{consequence}, where they are refused",
    )


def _not_known(found: Observations, name: str, what: str, consequence: str = "") -> Ability:
    return Ability(
        name=name,
        what=what,
        state="not_known",
        found=_NO_PROJECT,
        consequence=consequence,
        next_step=f"{_scopes_step(found)} Then run doctor again."
        if found.tried
        else "Name a target with a project, then run doctor again.",
    )


def _fields(found: Observations) -> Iterator[Ability]:
    """Yield what this release does not have yet; nothing where it has all."""
    named = (
        ("push", "own pushes by job token", PUSH_SETTING),
        ("cross_push", "pushes from other projects", CROSS_PROJECT_PUSH),
    )
    for name, what, release in named:
        if since(found.caps.version, release) is False:
            yield Ability(
                name=name,
                what=f"{what}: setting of the project",
                state="can",
                found=f"known to be off: GitLab has it from {release} on",
            )


def _enforcement(found: Observations) -> Ability:
    name, what = "enforcement", "tell whether the instance enforces the limit"
    if not found.caps.enforceable:
        text = f"not in this version; {ENFORCEMENT_SETTING} brought it"
        return Ability(name=name, what=what, state="can", found=text)
    if found.enforced is not None:
        text = "it does" if found.enforced else "it does not"
        return Ability(name=name, what=what, state="can", found=text)
    return Ability(
        name=name,
        what=what,
        state="not_known",
        found="the setting is not shown to this token",
        consequence="a scan tells it from projects whose own limit is off, where it can;"
        " whether it enforces is not judged",
        next_step="To be sure, use an administrator's token.",
    )


def _instance(found: Observations) -> Ability:
    name, what = "instance", "read the whole instance (--instance)"
    if found.administrator:
        text = "GitLab lets it read what administrators may"
        return Ability(name=name, what=what, state="can", found=text)
    missing = found.admin_mode_missing
    return Ability(
        name=name,
        what=what,
        state="cannot",
        found=NO_ADMIN_MODE if missing else "the token is no administrator's",
        consequence="--instance reads only what the token's user is a member of",
        next_step="Make a token that has the scope admin_mode too." if missing else "",
    )


def _change(found: Observations) -> Ability:
    name, what = "change", "change scopes (apply, undo)"
    scopes = found.token.scopes
    if found.token.fine_grained:
        return Ability(
            name=name,
            what=what,
            state="cannot",
            found="GraphQL, by which a plan is compared first, is closed to fine-grained tokens",
            next_step="For it, use a classic token with the scope api.",
        )
    if scopes is None:
        return Ability(
            name=name, what=what, state="not_known", found="the token does not say its scopes"
        )
    if "api" not in scopes:
        shown = ", ".join(scopes) or "none"
        return Ability(
            name=name,
            what=what,
            state="cannot",
            found=f"it takes the scope api, and the token has {shown}",
            next_step="For apply and undo alone, use a token with the scope api.",
        )
    if not found.read:
        return _not_known(found, name, what)
    text = f"the scope api, and the role on {found.read} of {found.tried} projects tried"
    return Ability(name=name, what=what, state="can", found=text)
