"""The kit for authors of rules, reporters and finders: describe what GitLab said, check what comes of it.

    from scopelint.testing import inventory, verdicts

    def test_open_project() -> None:
        with inventory("projects: {acme/web/shop: {inbound_own: false}}") as observed:
            [(path, verdict)] = verdicts(InboundLimitDisabled(), observed)

**An inventory** is described in YAML or as a mapping, written as a real snapshot, and read back, so
a rule is tested through what it meets in a run. Everything but `projects` may be left out:

    instance: https://gitlab.example.com
    version: "18.5.0-ee"               # text, so in quotes: 17.10 is not 17.1
    api: graphql                       # or rest
    enforcement: unknown               # on, off: whether the instance enforces the limit
    administrator: false
    whole_instance: false
    targets: [acme]                    # what was read; by default the top levels named below
    finished_at: null                  # a collection that was interrupted
    unavailable: {permissions: "REST does not show them"}    # facts missing for the whole run
    groups: [acme/empty]               # groups that hold the projects are added by themselves
    projects:
      acme/web/shop:                   # by full path; private, restricted and empty by default
        inbound_own: false             # fields of scopelint.model.Project and Scope, flat
        entries:
          - {group: acme/web}
          - {project: partner/sdk, policies: [READ_PACKAGES], added_by: mia}
          - {gone: project, created_at: 2026-01-02T03:04:05Z}
        outbound_entries: null         # could not be read; the same goes for any null
        uses: [{origin: acme/web/till, at: 2026-07-01T00:00:00Z}]
        missing: [entries]             # facts of this project that are gaps
      acme/hr/payroll: {unreadable: forbidden}
      mia/scratch: {personal: true}
    excluded: [acme/old/filtered]      # seen and counted, left out by a filter
    listed: [acme/web/not-reached]     # seen and not read: the collection was interrupted
    resolved:                          # targets of entries outside; all others are not visible
      - {group: partner, projects: 12}
      - {project: mia/scratch, personal: true}
    named: {"group:partner/x": null}   # what a declared policy names and was looked for: the number
    gaps: [{fact: enumeration, reason: timed_out, detail: page 7, group: acme/web}]

Ids are handed out by path (groups from 1, projects from 1001); `id:` sets one.

**A case file** maps case names to cases, and holds a rule's behaviour in full:

    fail_open_project:
      inventory: {projects: {acme/web/shop: {inbound_own: false}}, enforcement: off}
      options: {max_projects: 10}      # the rule's own
      trusted: ["partner/**"]          # what a run's configuration declares for all rules:
      boundaries: [{name: production, projects: ["acme/prod/**"], allow_from: ["acme/**"]}]
      assume_fine_grained: true
      declared: |                      # a policy, with the keys of `declared:` in scopelint.yml;
        projects_and_groups:           # it is read as gitlabform reads its config
          acme/*: {job_token_scope: {allowlist: {groups: [acme/web]}}}
      expect:
        - {project: acme/web/shop, outcome: fail, message_has: Any project, evidence: {entries: 0}}
    skip_on_gitlab_com:
      inventory: {…}
      not_judged: part of the reason

The comparison is exact: each fail and unknown must be expected, and each expectation met by a
verdict of its own; passes are compared only where they are listed. `entry:` names the target's
path (`gone` for one that is no longer there). A name starts with `fail_` or `unknown_` (the rule
says so at least once), `pass_` (it passes and says nothing else) or `skip_` (it says nothing).
Verdicts must be fit for reports too: a message of one line, a remediation, JSON as evidence, a
key of their own.

**A case file of a finder** maps case names to files, and what must be found in each:

    names_a_module_of_the_host:        # names_, uses_ (one names no target), none_ or not_read_
      project: acme/web/shop           # whose file it is; this is the default, and so is
      site: https://gitlab.example.com
      text: |
        require gitlab.example.com/acme/lib v1.2.0
      expect:
        - {line: 1, subject: clone, target: acme/lib}   # or targets: [...], variable:, group:

It may import `access`, `declared`, `engine`, `filters`, `finder`, `finding`, `globs`, `limit_change`, `model`, `paths`, `policy`, `report`, `rule`,
`snapshot`, `terraform` and `yaml`.
"""

from scopelint.testing.cases import Case, Expected, check_case, load_cases, run_cases, verdicts
from scopelint.testing.finder_cases import (
    ExpectedReference,
    FinderCase,
    check_finder_case,
    load_finder_cases,
    run_finder_cases,
)
from scopelint.testing.inventories import inventory, write
from scopelint.testing.reports import rendered, report
from scopelint.testing.specs import InventorySpec

__all__ = [
    "Case",
    "Expected",
    "ExpectedReference",
    "FinderCase",
    "InventorySpec",
    "check_case",
    "check_finder_case",
    "inventory",
    "load_cases",
    "load_finder_cases",
    "rendered",
    "report",
    "run_cases",
    "run_finder_cases",
    "verdicts",
    "write",
]
