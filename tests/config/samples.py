"""Rules and configs that several tests of the policy share."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, field_validator

from scopelint.finding import Severity, Verdict
from scopelint.rule import InstanceContext, InstanceRule, ProjectContext, ProjectRule, RuleOptions


class SampleRule(ProjectRule):
    title = "A rule for tests"
    severity = Severity.MEDIUM

    def judge(self, context: ProjectContext) -> Iterable[Verdict]:
        return ()


class Disabled(SampleRule):
    code = "SL101"
    name = "inbound-limit-disabled"


class Weakened(SampleRule):
    code = "SL104"
    name = "limit-weakened-by-visibility"
    strict = True


class Window(RuleOptions):
    days: Annotated[int, Field(ge=1)] = 90


class BroadOptions(RuleOptions):
    max_projects: int = Field(default=50, ge=1, description="The most projects of one entry.")
    share: float = 0.5
    exact: bool = False
    mode: Literal["all", "some"] = "all"
    names: tuple[str, ...] = ()
    window: Window = Window()

    @field_validator("names")
    @classmethod
    def _no_reserved(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if "reserved" in names:
            raise ValueError("the name reserved is reserved")
        return names


class Broad(SampleRule):
    code = "SL302"
    name = "group-entry-too-broad"
    Options = BroadOptions


class Outside(SampleRule):
    code = "SL305"
    name = "outside-project-allowed"


class Private(SampleRule):
    code = "SL307"
    name = "less-private-project-allowed"
    strict = True


class ThirdParty(InstanceRule):
    code = "ACME001"
    name = "acme-only"
    title = "A rule for tests"
    severity = Severity.MEDIUM

    def judge(self, context: InstanceContext) -> Iterable[Verdict]:
        return ()


RULES = (Outside, Disabled, Private, Broad, Weakened, ThirdParty)

GOOD: dict[str, str] = {
    "profile": "profile: strict\n",
    "gitlab": "gitlab: {url: 'https://gitlab.example.com/gitlab/', targets: [acme, acme/x, 42]}\n",
    "target urls": "gitlab: {targets: ['https://gitlab.example.com/acme/platform']}\n",
    "address shouted": "gitlab: {url: HTTPS://GitLab.Example.com}\n",
    "selectors": "select: [SL3, SL101, outside-project-allowed, SL]\nignore: [ACME, SL30]\n",
    "severity": "severity: {SL3: low, SL305: high, inbound-limit-disabled: critical}\n",
    "options by code": "rules: {SL302: {max_projects: 30, share: 1, exact: true}}\n",
    "options by name": "rules: {group-entry-too-broad: {names: [a], window: {days: 3}}}\n",
    "no options": "rules: {SL101: {}}\n",
    "trusted": "trusted: ['acme-shared/**', '**/tools', 'a?c']\n",
    "gate": "gate: {fail_on: never}\n",
    "assume": "assume: {fine_grained: on}\n",
    "assume nothing": "assume: {}\n",
    "boundaries": (
        "boundaries:\n"
        "  - {name: production, projects: ['acme/prod/**'], allow_from: ['acme/deploy/**']}\n"
        "  - {name: vault, projects: [acme/vault], allow_from: []}\n"
    ),
    "owners": (
        "owners:\n"
        "  - {projects: ['acme/**'], owner: acme}\n"
        "  - {projects: ['acme/web/**'], owner: web, contact: '@acme/web-leads', "
        "issues: acme/web/security}\n"
        "  - {projects: ['acme/web/old'], owner: '@web/old guard'}\n"
    ),
    "by kind": (
        "owners: [{topics: [PCI], owner: pay}]\n"
        "overrides: [{visibility: [public, internal], ignore: [SL101]}]\n"
        "boundaries: [{name: cards, frameworks: [SOX], created_after: 2026-01-01, "
        "projects: ['a/**'], allow_from: []}]\n"
        "waivers: [{rule: SL101, topics: [old], reason: x, expires: 2999-01-01}]\n"
    ),
    "overrides": (
        "overrides:\n"
        "  - projects: ['acme/sandbox/**', '**/toys']\n"
        "    ignore: [SL3, inbound-limit-disabled]\n"
        "  - projects: [acme/sandbox/real]\n"
        "    select: [SL307]\n"
        "    severity: {SL3: low, outside-project-allowed: critical}\n"
        "    rules: {group-entry-too-broad: {max_projects: 3}}\n"
    ),
    "overrides of nothing": "overrides: []\n",
    "overrides of a mixed prefix": "overrides: [{projects: [a], ignore: [SL]}]\n",
    "waivers": (
        "waivers:\n"
        "  - rule: SL305\n"
        "    project: acme/web/shop\n"
        "    entry: partner/sdk\n"
        "    reason: contract 42\n"
        "    expires: 2026-12-31\n"
        "    owner: '@web'\n"
        "    ticket: SEC-7\n"
        "  - {rule: acme-only, reason: known, expires: '2024-02-29'}\n"
        "  - {rule: SL, project: '**', entry: 'group:42', reason: r, expires: 2026-12-31}\n"
    ),
    "permanent waivers": (
        "allow_permanent_waivers: true\nwaivers: [{rule: SL305, project: a, reason: b}]\n"
    ),
    "gate in full": "gate: {fail_on: high, max: {medium: 10, low: 0}, allow_incomplete: true}\n",
    "json": '{"profile": "default", "gate": {"fail_on": "high"}, "trusted": []}',
    "alias": "select: &mine [SL101]\nignore: *mine\n",
}

BAD: dict[str, tuple[str, tuple[tuple[int, int, str, str], ...]]] = {
    # name: (text, ((line, column, part of the message, part of the hint), …))
    "unknown key": ("profil: strict\n", ((1, 1, 'unknown key "profil"', '"profile"'),)),
    "unknown key inside": (
        "gitlab:\n  targetz: [a]\n",
        ((2, 3, 'unknown key "targetz"', '"targets"'),),
    ),
    "token": ("gitlab:\n  token: s3cr3t\n", ((2, 3, "unknown key", "SCOPELINT_TOKEN"),)),
    "no mapping": ("- profile\n", ((1, 1, "a mapping of keys, not a list", "profile"),)),
    "empty section": ("gitlab:\n", ((1, 8, "there is no value", "remove the key"),)),
    "empty url": ("gitlab:\n  url:\n", ((2, 7, "there is no value", "remove the key"),)),
    "profile": ("profile: strickt\n", ((1, 10, "one of default, strict", '"strict"'),)),
    "profile kind": ("profile: [strict]\n", ((1, 10, "default, strict", ""),)),
    "select as text": ("select: SL101\n", ((1, 9, "must be a list", "[SL101]"),)),
    "select empty": ("select: []\n", ((1, 9, "must not be empty", ""),)),
    "select unknown": ("select: [SL101, SL9]\n", ((1, 17, 'rule prefix "SL9"', ""),)),
    "select case": ("select: [sl101]\n", ((1, 10, "unknown rule", '"SL101"'),)),
    "select letter": ("select: [S]\n", ((1, 10, "unknown rule prefix", ""),)),
    "ignore name": (
        "ignore:\n  - inbound-limit-disabeld\n",
        ((2, 5, "unknown rule", '"inbound-limit-disabled"'),),
    ),
    "ignore number": ("ignore: [101]\n", ((1, 10, "must be text, not 101", '"101"'),)),
    "severity value": ("severity: {SL101: hihg}\n", ((1, 19, "critical, high", '"high"'),)),
    "severity unknown": ("severity: {SL101: unknown}\n", ((1, 19, "must be one of", ""),)),
    "severity rule": ("severity: {SL998: low}\n", ((1, 12, 'unknown rule "SL998"', ""),)),
    "severity twice": (
        "severity:\n  SL101: low\n  inbound-limit-disabled: low\n",
        ((3, 3, "are the same rule", "line 2"),),
    ),
    "options of none": ("rules: {SL101: {max: 1}}\n", ((1, 17, 'unknown key "max"', ""),)),
    "options of a prefix": ("rules: {SL3: {}}\n", ((1, 9, "several rules", "whole code"),)),
    "options of unknown": ("rules: {SL303: {}}\n", ((1, 9, "unknown rule", '"SL30'),)),
    "options empty": ("rules:\n  SL302:\n", ((2, 9, "there is no value", ""),)),
    "option unknown": (
        "rules:\n  SL302:\n    max_project: 3\n",
        ((3, 5, 'unknown key "max_project"', '"max_projects"'),),
    ),
    "option kinds": (
        "rules:\n  SL302: {max_projects: '3', exact: yes, names: a, mode: sone}\n",
        (
            (2, 25, 'a whole number, not "3"', ""),
            (2, 37, "true or false", "YAML 1.2"),
            (2, 49, "a list", "[a]"),
            (2, 58, "one of all, some", '"some"'),
        ),
    ),
    "option bound": ("rules: {SL302: {max_projects: 0}}\n", ((1, 31, "greater than", ""),)),
    "option deep": (
        "rules: {SL302: {window: {days: x, dais: 1}}}\n",
        ((1, 32, "a whole number", ""), (1, 35, 'unknown key "dais"', '"days"')),
    ),
    "options twice": (
        "rules: {SL302: {}, group-entry-too-broad: {}}\n",
        ((1, 20, "are the same rule", "line 1"),),
    ),
    "url scheme": ("gitlab: {url: gitlab.com}\n", ((1, 15, "not an http", "scheme"),)),
    "url credentials": (
        "gitlab: {url: 'https://me:pw@gitlab.com'}\n",
        ((1, 15, "holds credentials", "SCOPELINT_TOKEN"),),
    ),
    "url query": ("gitlab: {url: 'https://h/?x'}\n", ((1, 15, "query", ""),)),
    "target": ("gitlab: {targets: ['a b']}\n", ((1, 20, "not the path", "full path"),)),
    "target zero": ("gitlab: {targets: [0]}\n", ((1, 20, "not the id", ""),)),
    "target kind": ("gitlab: {targets: [1.5]}\n", ((1, 20, "text or a whole number", ""),)),
    "glob slash": ("trusted: [/acme]\n", ((1, 11, "a full path", ""),)),
    "glob empty": ("trusted: ['']\n", ((1, 11, "must not be empty", ""),)),
    "assume true": ("assume: {fine_grained: true}\n", ((1, 24, "one of on, off", ""),)),
    "assume null": ("assume: {fine_grained: }\n", ((1, 23, "must be one of", ""),)),
    "assume empty": ("assume: {fine_grained: ''}\n", ((1, 24, "must be one of", ""),)),
    "assume key": ("assume: {fine_graned: on}\n", ((1, 10, "unknown key", '"fine_grained"'),)),
    "boundary without name": (
        "boundaries:\n  - {projects: [a], allow_from: [b]}\n",
        ((2, 5, 'the key "name" is missing', ""),),
    ),
    "boundary without anything": (
        "boundaries: [{}]\n",
        ((1, 14, "is missing", ""),),
    ),
    "boundary of no project": (
        "boundaries: [{name: a, projects: [], allow_from: []}]\n",
        ((1, 34, "must not be empty", ""),),
    ),
    "boundary glob": (
        "boundaries: [{name: a, projects: [/a], allow_from: [a//b, '']}]\n",
        ((1, 35, "a full path", ""), (1, 53, "a full path", ""), (1, 59, "not be empty", "")),
    ),
    "boundary name": (
        "boundaries: [{name: ' ', projects: [a], allow_from: []}]\n",
        ((1, 21, "one line of text", ""),),
    ),
    "boundary name control": (
        'boundaries: [{name: "a\\tb", projects: [a], allow_from: []}]\n',
        ((1, 21, "one line of text", ""),),
    ),
    "boundary key": (
        "boundaries: [{name: a, projects: [a], allow_form: [], allow_from: []}]\n",
        ((1, 39, 'unknown key "allow_form"', '"allow_from"'),),
    ),
    "boundaries as a mapping": (
        "boundaries: {production: {}}\n",
        ((1, 13, "must be a list, not a mapping", ""),),
    ),
    "owner without a name": (
        "owners: [{projects: [a]}]\n",
        ((1, 10, 'the key "owner" is missing', ""),),
    ),
    "owner without projects": (
        "owners: [{owner: web}]\n",
        ((1, 10, "not said which projects", "topics"),),
    ),
    "owner of a reserved name": (
        "owners: [{projects: [a], owner: Unowned}, {projects: [b], owner: unknown}]\n",
        (
            (1, 33, "no owner can be called Unowned", ""),
            (1, 66, "no owner can be called unknown", ""),
        ),
    ),
    "owner with an address for a project": (
        "owners: [{projects: [a], owner: web, issues: 'https://gitlab.example.com/acme/sec'}]\n",
        ((1, 46, "this is a URL", "write acme/sec"),),
    ),
    "kinds that are none": (
        "owners: [{topics: [], owner: a}, {visibility: [secret], owner: b}, "
        "{created_after: soon, owner: c}, {topic: [x], owner: d}]\n",
        (
            (1, 19, "must not be empty", ""),
            (1, 48, "one of private, internal, public", ""),
            (1, 84, "not a date", ""),
            (1, 102, 'unknown key "topic"', '"topics"'),
        ),
    ),
    "override of several things for no project": (
        "overrides: [{ignore: [SL101], severity: {SL305: low}}]\n",
        ((1, 13, "not said which projects", "topics"),),
    ),
    "owner name with a comma": (
        "owners: [{projects: [a], owner: '@a,@b'}]\n",
        ((1, 33, "a comma divides", ""),),
    ),
    "owner with a glob for a project": (
        "owners: [{projects: [a], owner: web, issues: 'acme/*'}]\n",
        ((1, 46, "one project, not a glob", ""),),
    ),
    "owner name control": (
        'owners: [{projects: [a], owner: "a\\tb"}]\n',
        ((1, 33, "one line of text", ""),),
    ),
    "override without projects": (
        "overrides:\n  - ignore: [SL101]\n",
        ((2, 5, "not said which projects", "topics"),),
    ),
    "override that changes nothing": (
        "overrides:\n  - projects: ['acme/**']\n",
        ((2, 5, "changes nothing", "severity"),),
    ),
    "override of no project": (
        "overrides: [{projects: [], ignore: [SL101]}]\n",
        ((1, 24, "must not be empty", ""),),
    ),
    "override key": (
        "overrides: [{projects: [a], ignored: [SL101]}]\n",
        ((1, 29, 'unknown key "ignored"', '"ignore"'),),
    ),
    "override faults": (
        "overrides:\n"
        "  - projects: [/a]\n"
        "    ignore: [SL999]\n"
        "    select: [SL3O7]\n"
        "    severity: {SL305: hihg, SL997: low}\n"
        "    rules: {SL302: {max_projects: 0, max_project: 1}, SL998: {}}\n"
        "  - nothing\n",
        (
            (2, 16, "a full path", ""),
            (3, 14, 'unknown rule "SL999"', ""),
            (4, 14, 'unknown rule "SL3O7"', '"SL307"'),
            (5, 23, "must be one of", '"high"'),
            (5, 29, 'unknown rule "SL997"', ""),
            (6, 35, "greater than", ""),
            (6, 38, 'unknown key "max_project"', '"max_projects"'),
            (6, 55, 'unknown rule "SL998"', ""),
            (7, 5, "must be a mapping", ""),
        ),
    ),
    "override of a rule twice": (
        "overrides: [{projects: [a], rules: {SL302: {}, group-entry-too-broad: {}}}]\n",
        ((1, 48, "are the same rule", ""),),
    ),
    "override of an instance rule": (
        "overrides:\n"
        "  - projects: [a]\n"
        "    ignore: [ACME]\n"
        "    select: [acme-only]\n"
        "    severity: {ACME001: low}\n"
        "    rules: {ACME001: {}}\n",
        (
            (3, 14, "the instance as a whole", "for the whole run"),
            (4, 14, "the instance as a whole", ""),
            (5, 16, "the instance as a whole", ""),
            (6, 13, "the instance as a whole", ""),
        ),
    ),
    "rules file": ("rules_file: mine.py\n", ((1, 1, "unknown key", "--rules-file"),)),
    "gate": ("gate: {fail_on: medum}\n", ((1, 17, "never", '"medium"'),)),
    "gate max": (
        "gate: {max: {medum: 1, high: -1, low: '3'}, allow_incomplete: yes}\n",
        (
            (1, 14, "one of critical", '"medium"'),
            (1, 30, "greater than or equal to 0", ""),
            (1, 39, "a whole number", ""),
            (1, 63, "true or false", "YAML 1.2"),
        ),
    ),
    "waiver without": (
        "waivers:\n  - {rule: SL305}\n",
        ((2, 5, "is missing", ""),),
    ),
    "waiver without an end": (
        "allow_permanent_waivers: false\n"
        "waivers:\n"
        "  - {rule: SL305, project: a, reason: b}\n"
        "  - {rule: SL305, project: a, reason: b, expires: 2026-12-31}\n"
        "  - {rule: SL305, project: a, reason: b, expires: }\n",
        (
            (3, 5, "has no end: the key expires is missing", "allow_permanent_waivers"),
            (5, 50, "there is no value", "remove the key"),
        ),
    ),
    "waiver dates": (
        "waivers:\n"
        "  - {rule: SL305, reason: b, expires: 31.12.2026}\n"
        "  - {rule: SL305, reason: b, expires: never}\n"
        "  - {rule: SL305, reason: b, expires: 20261231}\n"
        "  - {rule: SL305, reason: b, expires: 2026-12-31T00:00:00Z}\n",
        (
            (2, 39, "not a date", "2026-12-31"),
            (3, 39, "not a date", "2026-12-31"),
            (4, 39, "must be text", ""),
            (5, 39, "not a date", "2026-12-31"),
        ),
    ),
    "waiver of what": (
        "waivers:\n"
        "  - {rule: SL999, project: /a, entry: '', reason: ' ', expires: 2026-12-31, woner: x}\n"
        "  - {rules: [SL305], reason: b, expires: 2026-12-31}\n"
        "  - SL305\n",
        (
            (2, 12, 'unknown rule "SL999"', ""),
            (2, 28, "no slash at its ends", "write a"),
            (2, 39, "must not be empty", ""),
            (2, 51, "one line of text", ""),
            (2, 77, 'unknown key "woner"', '"owner"'),
            (3, 5, "rule", ""),
            (3, 6, 'unknown key "rules"', '"rule"'),
            (4, 5, "must be a mapping", ""),
        ),
    ),
    "extends": (
        "extends: [base.yml, 3]\n",
        ((1, 11, "a config that is no file cannot", ""), (1, 21, "must be text", "")),
    ),
    "gate null": ("gate: {fail_on: ~}\n", ((1, 17, "must be one of", ""),)),
}
