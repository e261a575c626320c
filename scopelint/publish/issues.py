"""One issue an owner: which to make, change, close and open again, by a report.

An issue is found by the first label and the hidden comment in its description, and only where the
token's own user made it: somebody else's issue with such a comment would show its author what is not
meant for them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from scopelint.engine.coverage import Coverage
from scopelint.finding import Finding, Outcome, State
from scopelint.gitlab.ask import UnreadableError
from scopelint.gitlab.delivery import Delivery, Issue
from scopelint.gitlab.rest_write import LostAnswerError
from scopelint.owners import UNKNOWN_OWNER, UNOWNED, Owner
from scopelint.publish.issue_text import IssueChanges, IssueText, is_same, listed_finding
from scopelint.publish.marker import Marker, holds, key_of, keys, read_marker
from scopelint.publish.steps import PublishStep, repeated
from scopelint.report import Report
from scopelint.text import counted, utc

DEFAULT_LABEL: Final = "scopelint"
_DOUBT: Final = (
    "nothing is found any more, but what it listed is not known: its hidden comment was changed, or"
    " could not hold all. Close it by hand if you know that all of it was looked at"
)


@dataclass(frozen=True, slots=True)
class IssueOptions:
    """What the user chose."""

    project: str | None = None
    """Takes the issues of owners that name no project, and that of what nobody owns."""
    labels: tuple[str, ...] = (DEFAULT_LABEL,)
    """All are put on; the first one finds the issue again."""
    confidential: bool = True
    former: frozenset[str] = frozenset()
    """Usernames of earlier tokens, whose issues are taken over."""


@dataclass
class IssuePlanner:
    """Compares the issues that are there with a report."""

    delivery: Delivery
    report: Report
    options: IssueOptions
    _known: dict[str, list[Issue] | str] = field(default_factory=dict)
    """The issues with the label by project, or why they cannot be read."""

    def __post_init__(self) -> None:
        scan = self.report.scan.scan
        self._at = scan.finished_at or scan.started_at
        self._coverage = Coverage(self.report)
        self._ownerless = _ownerless(self.report)
        self._accepted = {
            each.fingerprint[:16] for each in self.report.findings if each.state is not State.NEW
        }
        self._found = {
            each.fingerprint[:16]
            for each in self.report.findings
            if each.state is State.NEW and each.verdict is Outcome.FAIL
        }
        self._unknown = _by_owner(self.report, Outcome.UNKNOWN)
        self._failing = _by_owner(self.report, Outcome.FAIL)
        me = self.delivery.own_user().username
        self._trusted = {me, *self.options.former}

    def steps(self) -> Iterator[PublishStep]:
        """Yield what there is to do, owner by owner. Only reads."""
        named: dict[str | None, Owner | None] = {}
        if self.report.ownership is not None:
            named = {owner.name: owner for owner in self.report.ownership.owners}
            # An earlier report may not have told whose a project is, and have made an issue.
            named[UNKNOWN_OWNER] = None
        for part in (None, *self._failing, *self._unknown):
            named.setdefault(part, None)
        for name, owner in named.items():
            yield from self._of_owner(name, owner)
        yield from self._of_nobody(named)

    def _of_owner(self, name: str | None, owner: Owner | None) -> Iterator[PublishStep]:
        findings = self._failing.get(name, [])
        project = (owner.issues if owner else None) or self.options.project
        subject = name or UNOWNED
        if project is None:
            if findings:
                reason = (
                    f"{counted(len(findings), 'finding')} and no project for its issue: give the"
                    " owner `issues:` in the configuration, or --project"
                )
                yield PublishStep("left", subject, "", reason, attention=True)
            return
        key = self._key(name)
        issues = self._issues(project)
        if isinstance(issues, str):
            yield PublishStep("unreadable", subject, project, issues, attention=True)
            return
        yield from self._foreign(subject, project, issues, key)
        own = [each for each in issues if self._is_own(each, key)]
        if not own and findings:
            found = self.delivery.issues_with(project, key)
            own = [each for each in found if self._is_own(each, key)]
        text = IssueText(
            name,
            owner.contact if owner else None,
            self.report.scan.scan.instance,
            findings,
            self._unknown.get(name, []),
            key=key,
        )
        if not own:
            yield self._create(subject, project, text)
            return
        main = next((each for each in own if not each.closed), own[0])
        yield self._bring_up_to_date(subject, project, main, text)
        for extra in own:
            if extra is not main and not extra.closed:
                why = f"It is a second issue of the same owner: see #{main.iid}."
                yield self._close(subject, project, extra, why, {})

    def _key(self, name: str | None) -> str:
        return key_of("issue", self.report.scan.scan.instance, name or "")

    def _issues(self, project: str) -> list[Issue] | str:
        if project not in self._known:
            try:
                self._known[project] = self.delivery.issues(project, self.options.labels[0])
            except UnreadableError as error:
                self._known[project] = f"the issues of {project} cannot be read: {error.detail}"
        return self._known[project]

    def _is_own(self, issue: Issue, key: str) -> bool:
        return issue.author.username in self._trusted and holds(issue.description, "issue", key)

    def _foreign(
        self, subject: str, project: str, issues: list[Issue], key: str
    ) -> Iterator[PublishStep]:
        for each in issues:
            if holds(each.description, "issue", key) and not self._is_own(each, key):
                reason = (
                    f"it has scopelint's mark and was made by {each.author.username}, not by this"
                    " token: it is not touched. If that was an earlier token of yours, give"
                    f" --former-user {each.author.username}"
                )
                yield PublishStep("left", subject, f"{project}#{each.iid}", reason, attention=True)

    def _of_nobody(self, named: Collection[str | None]) -> Iterator[PublishStep]:
        """Name open issues of owners that the report no longer has."""
        expected = {self._key(name) for name in named}
        for project, issues in self._known.items():
            for each in issues if isinstance(issues, list) else ():
                found = set(keys(each.description, "issue"))
                own = each.author.username in self._trusted
                if found and own and not each.closed and not found & expected:
                    reason = "it is of an owner that this report does not have: close it by hand"
                    yield PublishStep("left", "?", f"{project}#{each.iid}", reason, attention=True)

    def _create(self, subject: str, project: str, text: IssueText) -> PublishStep:
        number = len(text.findings)
        if not number:
            return PublishStep("none", subject, project, "no finding, and no issue")
        changes = IssueChanges(self._at, new=tuple(map(listed_finding, text.findings)))
        make = partial(
            self._make, project, text.key, title=text.title(), description=text.render(changes)
        )
        return PublishStep("create", subject, project, counted(number, "finding"), 1, make)

    def _make(self, project: str, key: str, *, title: str, description: str) -> None:
        try:
            self.delivery.create_issue(
                project,
                title=title,
                description=description,
                labels=self.options.labels,
                hidden=self.options.confidential,
            )
        except LostAnswerError:
            # It may be there: then nothing is left to do, and a second one must not be made.
            found = self.delivery.issues(project, self.options.labels[0])
            if not any(self._is_own(each, key) for each in found):
                raise

    def _bring_up_to_date(
        self, subject: str, project: str, issue: Issue, text: IssueText
    ) -> PublishStep:
        where = f"{project}#{issue.iid}"
        marker = read_marker(issue.description, "issue", text.key)
        if marker is not None and marker.at > self._at:
            reason = (
                f"a newer report, of {utc(marker.at)}, has written it; this one is of"
                f" {utc(self._at)}"
            )
            return PublishStep("left", subject, where, reason, attention=True)
        text, changes, doubt = self._compared(text, marker)
        if text.findings or text.kept:
            if issue.closed:
                return self._open_again(subject, project, issue, text, changes)
            return self._update(subject, project, issue, text, changes)
        if issue.closed:
            return PublishStep("none", subject, where, "no finding, and it is closed")
        if doubt:
            return PublishStep("left", subject, where, doubt, attention=True)
        note = f"Nothing is found any more, by the report of {utc(self._at)}."
        description = text.render(changes)
        return self._close(subject, project, issue, note, {"description": description})

    def _compared(
        self, text: IssueText, marker: Marker | None
    ) -> tuple[IssueText, IssueChanges, str]:
        """Return the text with what was not looked at, what changed, and why nothing may be closed."""
        listed = [listed_finding(each) for each in text.findings]
        now = {each.fingerprint for each in listed}
        before = marker.findings if marker is not None else ()
        known = {each.fingerprint for each in before}
        missing = [each for each in before if each.fingerprint not in now]
        # They may be this owner's still. Only the issue of such projects tells what became of them.
        ownerless = frozenset[str]() if text.owner == UNKNOWN_OWNER else self._ownerless
        untold = [each for each in missing if each.project in ownerless]
        gone = [each for each in missing if each.project not in ownerless]
        accepted = [each for each in gone if each.fingerprint in self._accepted]
        moved = [each for each in gone if each.fingerprint in self._found]
        known_now = self._accepted | self._found
        rest = [each for each in gone if each.fingerprint not in known_now]
        kept = [each for each in rest if not self._coverage.judged(each.rule, each.project)]
        fixed = [each for each in rest if each not in kept]
        changes = IssueChanges(
            self._at,
            marker.at if marker is not None else None,
            tuple(each for each in listed if each.fingerprint not in known),
            tuple(fixed),
            tuple(accepted),
            tuple(moved),
        )
        found = IssueText(
            text.owner,
            text.contact,
            text.instance,
            text.findings,
            text.unknown,
            [*kept, *untold],
            text.key,
            ownerless,
        )
        sure = marker is not None and marker.whole
        return found, changes, "" if sure else _DOUBT

    def _update(
        self, subject: str, project: str, issue: Issue, text: IssueText, changes: IssueChanges
    ) -> PublishStep:
        where, number = f"{project}#{issue.iid}", len(text.findings) + len(text.kept)
        data = self._differences(issue, text, changes)
        if not data:
            return PublishStep("none", subject, where, f"{counted(number, 'finding')}, as before")
        run = partial(repeated, partial(self.delivery.update_issue, project, issue.iid, data))
        return PublishStep("update", subject, where, _words(number, changes, data), 1, run)

    def _differences(
        self, issue: Issue, text: IssueText, changes: IssueChanges
    ) -> dict[str, str | bool]:
        description = text.render(changes)
        data: dict[str, str | bool] = {}
        unreadable = read_marker(issue.description, "issue", text.key) is None
        if unreadable or not is_same(issue.description, description):
            data["description"] = description
        missing = [label for label in self.options.labels if label not in issue.labels]
        if missing:
            data["add_labels"] = ",".join(missing)
        if self.options.confidential and not issue.confidential:
            data["confidential"] = True
        return data

    def _open_again(
        self, subject: str, project: str, issue: Issue, text: IssueText, changes: IssueChanges
    ) -> PublishStep:
        where, number = f"{project}#{issue.iid}", len(text.findings) + len(text.kept)
        if not text.findings:
            reason = f"it is closed; {counted(number, 'finding')} of it not looked at this time"
            return PublishStep("none", subject, where, reason)
        still = len(text.findings) - len(changes.new)
        was = (
            f"{counted(still, 'finding')} of it still there" if still else "there are new findings"
        )
        note = f"Opened again, by the report of {utc(self._at)}: {was}."
        data = self._differences(issue, text, changes) | {"state_event": "reopen"}
        run = partial(self._note_and_change, project, issue, note, data)
        detail = f"it was closed, and {was}"
        return PublishStep("reopen", subject, where, detail, 2, run, attention=True)

    def _close(
        self, subject: str, project: str, issue: Issue, note: str, data: Mapping[str, str]
    ) -> PublishStep:
        run = partial(self._note_and_change, project, issue, note, {**data, "state_event": "close"})
        return PublishStep("close", subject, f"{project}#{issue.iid}", note, 2, run)

    def _note_and_change(
        self, project: str, issue: Issue, note: str, data: Mapping[str, str | bool]
    ) -> None:
        """Say why, once, then do it: a run that is killed between the two says nothing twice."""
        marked = f"{note}\n\n{Marker(key_of('note', note), self._at).text('note')}"
        key = key_of("note", note)
        said = any(
            holds(each.body, "note", key) and each.author.username in self._trusted
            for each in self.delivery.issue_notes(project, issue.iid)
        )
        if not said:
            self._add_note(project, issue.iid, key, marked)
        repeated(partial(self.delivery.update_issue, project, issue.iid, data))

    def _add_note(self, project: str, iid: int, key: str, text: str) -> None:
        try:
            self.delivery.add_issue_note(project, iid, text)
        except LostAnswerError:
            notes = self.delivery.issue_notes(project, iid)
            if not any(holds(each.body, "note", key) for each in notes):
                raise


def plan_issues(delivery: Delivery, report: Report, options: IssueOptions) -> list[PublishStep]:
    """Return the steps that bring each owner's issue up to date. Only reads GitLab."""
    return list(IssuePlanner(delivery, report, options).steps())


def _ownerless(report: Report) -> frozenset[str]:
    """Return the full paths of the report's projects whose owner cannot be told."""
    if report.ownership is None:
        return frozenset()
    paths = {*(report.projects or ()), *(f.project.path for f in report.findings if f.project)}
    return frozenset(path for path in paths if report.ownership.of(path) == UNKNOWN_OWNER)


def _by_owner(report: Report, verdict: Outcome) -> dict[str | None, list[Finding]]:
    found: dict[str | None, list[Finding]] = {}
    for each in report.findings:
        if each.verdict is verdict and each.state is State.NEW:
            found.setdefault(each.owner, []).append(each)
    return found


def _words(number: int, changes: IssueChanges, data: Iterable[str]) -> str:
    parts = [
        f"{len(some)} {word}"
        for some, word in ((changes.new, "new"), (changes.fixed, "fixed"))
        if some
    ]
    if "confidential" in data:
        parts.append("it becomes confidential")
    if "add_labels" in data:
        parts.append("labels are added")
    return f"{counted(number, 'finding')}: {', '.join(parts) or 'its text changes'}"
