"""The interface of a rule, for ours and for third parties'.

A rule is pure: it is given a context (its subject, and what else was observed), has its options and
the run's policy, and answers with verdicts. It knows no other rule, no API, no format and no clock
but `context.inventory.as_of` (`log_as_of` for what the authentication log does not show). One
module a rule, and its page beside it: `<rule_name>.py` and `<rule_name>.md`. A rule without that
file is explained by its docstring.

    class TooManyEntries(ProjectRule):
        code = "ACME001"
        name = "too-many-entries"
        title = "The allowlist is too long to be reviewed"
        requirement = "The allowlist is short enough to be reviewed"
        severity = Severity.LOW

        def judge(self, context: ProjectContext) -> Verdict:
            if len(context.scope.entries) <= 20:
                return PASS
            ...

The base class says what a rule is about, and so what its context holds:

    InstanceRule           InstanceContext       inventory
    ProjectRule            ProjectContext        inventory, project, scope
    EntryRule              EntryContext          inventory, project, scope, entry
    DeclaredRule           DeclaredContext       inventory, project, scope, declared (for the project)
    UnreadableProjectRule  UnreadableContext     inventory, project
    DeclaredFileRule       DeclaredFileContext   inventory, declared (the whole policy)
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from scopelint.bundles import page_of
from scopelint.finding import Confidence, Outcome, Role, Severity, Verdict
from scopelint.globs import GlobSet
from scopelint.model import AllowlistEntry, Fact, Project, ProjectCount, Scope
from scopelint.project_pattern import ANY_KIND, ProjectPattern
from scopelint.remedy import NoRemedy, Remedy

if TYPE_CHECKING:
    from scopelint.declared import DeclaredPolicy, DeclaredScope
    from scopelint.snapshot.inventory import Inventory


class Subject(StrEnum):
    """What a rule is about."""

    INSTANCE = "instance"
    PROJECT = "project"
    ENTRY = "entry"
    DECLARED = "declared"


class RuleOptions(BaseModel):
    """Base of a rule's options: declared as fields, validated, unknown ones refused.

    A field's `description` is shown in `explain`, the config schema and the rule's page.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


@dataclass(frozen=True, slots=True)
class Boundary:
    """A declared trust boundary; a project inside several must satisfy each of them."""

    name: str
    """As findings name it."""
    projects: GlobSet
    """Full paths of what lies inside."""
    allow_from: GlobSet
    """Full paths of the only ones that may reach it."""
    kind: ProjectPattern = ANY_KIND
    """What a project must be besides to lie inside."""

    def surrounds(self, project: Project) -> bool | None:
        """Tell whether a project lies inside, None where what would tell was not read."""
        if not self.projects.matches(project.path):
            return False
        return self.kind.by_path or self.kind.matches(project.path, project.kind)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a run declares for all rules: trusted paths, boundaries, and which rules judge."""

    trusted: GlobSet = field(default_factory=GlobSet)
    """The globs of `trusted:` and `--trusted`."""
    boundaries: tuple[Boundary, ...] = ()
    """Those of the config."""
    assume_fine_grained: bool | None = None
    """For GitLab 17.7 to 18.2: whether fine-grained permissions are in force, which GitLab does
    not tell for each group; None leaves it open."""
    selected: tuple[str, ...] = ()
    """The codes of the rules of this run, in order. Where overrides of the config match a project,
    an `UnreadableProjectRule` finds that project's own rules here."""
    of_instance: frozenset[str] = frozenset()
    """The codes among them of rules that judge no project."""
    declared: "DeclaredPolicy | None" = None
    """What a policy file says the settings are meant to be, None without one."""


class Rule(ABC):
    """What every rule declares. Subclass one of the six kinds below, which declare `judge`."""

    code: ClassVar[str]
    """Two or more capitals and three digits; never changed."""
    name: ClassVar[str]
    """Kebab-case, and says what is wrong; the module is named the same with underscores."""
    title: ClassVar[str]
    """What is wrong, in one line, for lists and reports."""
    requirement: ClassVar[str] = ""
    """What holds where the rule passes, in one sentence without its full stop ("The job token
    limit is on")."""
    severity: ClassVar[Severity]
    """How bad a finding is, where the config says nothing else."""
    subject: ClassVar[Subject]
    """What the rule is about; the kind declares it."""
    once: ClassVar[bool] = False
    """Whether it is judged once a run, not for each project; the kind declares it."""
    remedy: ClassVar[Remedy] = NoRemedy()
    """What `scopelint plan` does about a finding, or why nothing."""
    role: ClassVar[Role | None] = None
    """What other parts ask this rule about; nearly all rules have none."""
    confidence: ClassVar[Confidence] = Confidence.HIGH
    """How sure a finding is, where its verdict says nothing else."""
    strict: ClassVar[bool] = False
    """Whether it runs only with `profile: strict` or when selected."""
    tags: ClassVar[tuple[str, ...]] = ()
    """Words to find the rule by in reports."""
    cwe: ClassVar[tuple[int, ...]] = ()
    """Numbers of the Common Weakness Enumeration."""
    owasp: ClassVar[tuple[str, ...]] = ()
    """Identifiers of the OWASP Top 10 CI/CD Security Risks, such as `CICD-SEC-2`."""
    since: ClassVar[str] = "0.1.0"
    """The scopelint version that brought the rule."""
    help_uri: ClassVar[str] = "https://docs.gitlab.com/ci/jobs/ci_job_token/"
    """A web page for readers of reports that take only a link."""
    needs: ClassVar[frozenset[Fact]] = frozenset()
    """Facts without which the rule cannot judge. Where one is missing for the whole run the rule
    is *not judged*; where it is missing for one project, the engine reports unknown for that
    project. Those of `model.READ_WHERE_NEEDED` are read only where a rule needs them."""
    tells: ClassVar[frozenset[Fact]] = frozenset()
    """Facts that the rule judges without and puts into its findings where they were read, such as
    the audit events, which are read only where a rule of the run tells them."""
    by_own_scope: ClassVar[bool] = False
    """Whether its verdicts on a project follow from that project alone, beside the groups, the
    numbers of projects, the targets of its entries and the scan itself: from no other project's
    scope, no gap, and none of `knows`, `number_of` and `path_of`. After a change it is not asked
    again about the projects that the change leaves as they are."""
    Options: ClassVar[type[RuleOptions]] = RuleOptions
    """The model of the rule's own options."""

    def __init__(
        self, options: Mapping[str, Any] | RuleOptions | None = None, policy: Policy | None = None
    ) -> None:
        """Validate `options` (a mapping or a ready model); raise pydantic's ValidationError."""
        ready = isinstance(options, self.Options)
        self.options: Any = options if ready else self.Options.model_validate(options or {})
        self.policy = policy or Policy()

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say why this rule cannot judge this inventory at all, or None if it can.

        By default: a needed fact is not readable for the whole run. Override to add conditions
        that hold for the whole run, such as "never on gitlab.com"; call the base first.
        """
        for fact in sorted(self.needs):
            if fact in inventory.scan.unavailable:
                return inventory.scan.unavailable[fact]
        return None

    @classmethod
    def judges_by_own_scope(cls, inventory: "Inventory") -> bool:  # noqa: ARG003 - for overrides
        """Tell whether `by_own_scope` holds for this inventory; override where that depends on it."""
        return cls.by_own_scope

    @classmethod
    def page(cls) -> str:
        """Return the rule's page: Markdown from `<rule_name>.md` beside its module.

        Where that file is not there it is the docstring, as `scopelint.bundles.page_of` has it.
        """
        return page_of(cls, f"# {cls.code} {cls.name}")

    @staticmethod
    def fail(
        message: str,
        *,
        evidence: Mapping[str, Any] | None = None,
        remediation: str = "",
        entry: AllowlistEntry | None = None,
        key: str | None = None,
        confidence: Confidence | None = None,
        reach: ProjectCount | None = None,
    ) -> Verdict:
        """Make a fail verdict. The engine adds the entry for entry rules."""
        return Verdict(
            Outcome.FAIL, message, evidence or {}, remediation, entry, key, confidence, reach
        )

    @staticmethod
    def unknown(
        message: str,
        *,
        evidence: Mapping[str, Any] | None = None,
        remediation: str = "",
        entry: AllowlistEntry | None = None,
        key: str | None = None,
    ) -> Verdict:
        """Make an unknown verdict: a fact this rule needs could not be read."""
        return Verdict(Outcome.UNKNOWN, message, evidence or {}, remediation, entry, key)


Verdicts = Verdict | Iterable[Verdict] | None
"""What `judge` gives back, whatever the rule is about: one verdict, several, or None.

A rule declares the narrower of these types that it gives.
"""


@dataclass(slots=True)
class InstanceContext:
    """What a rule about the instance, or about the run as a whole, is given.

    The engine makes contexts, and so does `scopelint.testing`; rules only read them (they are not
    frozen because a frozen one takes three times as long to make, and there is one an entry).
    Later versions may add fields.
    """

    inventory: "Inventory"


@dataclass(slots=True)
class UnreadableContext(InstanceContext):
    """What a rule about a project without a scope is given; `project.gap` says why there is none."""

    project: Project


@dataclass(slots=True)
class ProjectContext(InstanceContext):
    """What a rule about a project is given: the project, and its scope, which was read."""

    project: Project
    scope: Scope


@dataclass(slots=True)
class EntryContext(ProjectContext):
    """What a rule about an entry is given: `entry` is one of `scope.entries`."""

    entry: AllowlistEntry


@dataclass(slots=True)
class DeclaredContext(ProjectContext):
    """What a rule about a declared project is given: `declared` is what the policy says of it."""

    declared: "DeclaredScope"


@dataclass(slots=True)
class DeclaredFileContext(InstanceContext):
    """What a rule about the declared policy itself is given."""

    declared: "DeclaredPolicy"


NO_POLICY = "no policy is declared: neither policy.gitlabform nor declared is in the config"
"""Why the rules about a declared policy are not judged where there is none."""
NO_BOUNDARIES = "the configuration declares no boundaries"
ENFORCED_ON_GITLAB_COM = (
    "gitlab.com enforces the limit for every project; nobody there can switch it off"
)
NOTHING_TO_JUDGE = frozenset({NO_POLICY, NO_BOUNDARIES, ENFORCED_ON_GITLAB_COM})
"""Reasons of `not_judged` that say that there is nothing the rule could find. Any other reason may
hide a finding."""


class InstanceRule(Rule):
    """A rule about the instance or the scan as a whole: judged once a run."""

    subject = Subject.INSTANCE
    once = True

    @abstractmethod
    def judge(self, context: InstanceContext) -> Verdicts:
        """Return the instance's verdict, or None where the rule does not apply."""


class ProjectRule(Rule):
    """A rule about one project; it may also be about several of its entries.

    `judge` is called only for projects whose scope was read.
    """

    subject = Subject.PROJECT

    @abstractmethod
    def judge(self, context: ProjectContext) -> Verdicts:
        """Return the project's verdicts: `PASS`, `self.fail(…)`, `self.unknown(…)`, or none."""


class UnreadableProjectRule(Rule):
    """A rule about projects whose scope could not be read; only those are given to it."""

    subject = Subject.PROJECT

    @abstractmethod
    def judge(self, context: UnreadableContext) -> Verdicts:
        """Return the verdicts of a project whose `scope` is None."""


class EntryRule(Rule):
    """A rule about one inbound allowlist entry at a time.

    Where only a part of a project's allowlist could be read, the engine adds one unknown for the
    rest; the rule judges what is there.
    """

    subject = Subject.ENTRY
    needs: ClassVar[frozenset[Fact]] = frozenset({Fact.ENTRIES})

    @abstractmethod
    def judge(self, context: EntryContext) -> Verdicts:
        """Return the entry's verdict, or None where the rule does not apply to it."""


class DeclaredRule(Rule):
    """A rule that holds one project to what is declared for it.

    `judge` is called for projects whose scope was read and for which the run's policy declares
    something; archived projects and those scheduled for deletion only where the policy is for
    them too. A rule about the policy file itself is a `DeclaredFileRule`.
    """

    subject = Subject.DECLARED

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say that no policy is declared, or what the base says."""
        return super().not_judged(inventory) or (None if self.policy.declared else NO_POLICY)

    @abstractmethod
    def judge(self, context: DeclaredContext) -> Verdicts:
        """Return the project's verdicts: `PASS`, `self.fail(…)`, `self.unknown(…)`, or none."""


class DeclaredFileRule(Rule):
    """A rule about the declared policy as a whole, judged once a run."""

    subject = Subject.DECLARED
    once = True

    def not_judged(self, inventory: "Inventory") -> str | None:
        """Say that no policy is declared, or what the base says."""
        return super().not_judged(inventory) or (None if self.policy.declared else NO_POLICY)

    @abstractmethod
    def judge(self, context: DeclaredFileContext) -> Verdicts:
        """Return the verdicts on the policy, each fail and unknown with a key of its own."""
