"""The jobs of a pipeline: the CI/CD component, the plain include and `config init --ci`, from one text.

`make docs` writes the two files of `templates/` and the example of README.md from here, and a test
compares them.
"""

import json
import shlex
from collections.abc import Mapping, Sequence

from scopelint.config.discovery import CONFIG_NAMES

_JOBS = """\
".@PREFIX@":
  stage: "@STAGE@"
  image:
    name: "@IMAGE@"
    entrypoint: [""]
@SOURCE@  before_script:
    - command -v scopelint >/dev/null || pip install --quiet "${SCOPELINT_SOURCE:?says what pip installs}"

".@PREFIX@-report":
  extends: ".@PREFIX@"
@INPUTS@  artifacts:
    when: always
    access: developer
    expire_in: "@EXPIRE@"
    paths:
      - scopelint.json
      - scopelint.html
      - scopelint.md
      - gl-sast-report.json
      - gl-code-quality-report.json
      - gl-scopelint-junit.xml
    reports:
      sast: gl-sast-report.json
      codequality: gl-code-quality-report.json
      junit: gl-scopelint-junit.xml
      annotations: gl-annotations.json
      metrics: metrics.txt

# Checks the configuration of a merge request, and the policy that it names. Needs no token.
"@PREFIX@-config":
  extends: ".@PREFIX@"
  needs: []
@CONFIG_INPUTS@  rules:
    - if: @CONFIG_GIVEN@
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
      exists:
@CONFIGS@  script:
    - if [ -n "$SCOPELINT_CONFIG" ]; then set -- "$SCOPELINT_CONFIG"; else set --; fi
    - scopelint config check "$@"

# GitLab takes security reports from successful jobs only: this one never fails for a finding.
"@PREFIX@-scan":
  extends: ".@PREFIX@-report"
  rules:
@WHOLE@@RULES@  script:
@TOKEN@@REPORTS@@PREVIOUS@@BASELINE@    - if [ "$SCOPELINT_USAGE" = true ]; then set -- "$@" --usage; fi
    - if [ -n "$SCOPELINT_CONFIG" ]; then set -- "$@" --config "$SCOPELINT_CONFIG"; fi
@TARGETS@    - scopelint scan "$@"
@SHARDS@
"@PREFIX@-gate":
  extends: ".@PREFIX@"
  needs:
@NEEDS@  rules:
@RULES@  variables:
    GIT_STRATEGY: none
@GATE_INPUTS@  script:
    - set -- scopelint.json
    - if [ -n "$SCOPELINT_FAIL_ON" ]; then set -- "$@" --fail-on "$SCOPELINT_FAIL_ON"; fi
    - if [ "$SCOPELINT_ALLOW_INCOMPLETE" = true ]; then set -- "$@" --allow-incomplete; fi
    - scopelint gate "$@"
"""

_SHARDS = """
"@PREFIX@-collect":
  extends: ".@PREFIX@"
  parallel: $[[ inputs.shards ]]
  rules:
    - if: '"$[[ inputs.shards ]]" == "1"'
      when: never
@RULES@@INPUTS@  script:
@TOKEN@    - set -- --shard auto -o "scopelint-$CI_NODE_INDEX.snapshot"
    - if [ "$SCOPELINT_USAGE" = true ]; then set -- "$@" --usage; fi
    - if [ -n "$SCOPELINT_CONFIG" ]; then set -- "$@" --config "$SCOPELINT_CONFIG"; fi
@TARGETS@    - scopelint collect "$@"
  # 3: something could not be read. The merged report says what, and the gate fails for it.
  allow_failure:
    exit_codes: 3
  artifacts:
    when: always
    access: developer
    expire_in: 1 day
    paths:
      - scopelint-*.snapshot

"@PREFIX@-merge":
  extends: ".@PREFIX@-report"
  needs:
    - job: "@PREFIX@-collect"
      optional: true
  rules:
    - if: '"$[[ inputs.shards ]]" == "1"'
      when: never
@RULES@  script:
@REPORTS@@PREVIOUS@@BASELINE@    - if [ -n "$SCOPELINT_CONFIG" ]; then set -- "$@" --config "$SCOPELINT_CONFIG"; fi
    - scopelint check "$@" scopelint-*.snapshot
"""

_REPORTS = """\
    - set -- --partial skip --exit-zero
      --report json=scopelint.json
      --report html=scopelint.html
      --report markdown=scopelint.md
      --report gitlab-sast=gl-sast-report.json
      --report gitlab-codequality=gl-code-quality-report.json
      --report junit=gl-scopelint-junit.xml
      --report annotations=gl-annotations.json
      --report openmetrics=metrics.txt
"""

# The route of the last artifact by branch knows whole pipelines that succeeded only, and the gate
# fails those; so the job is looked up. Nothing is followed away from this GitLab with the job's token.
_PREVIOUS = """\
    # The report of the last job of this name that succeeded: what cannot be read now is carried over.
    - rm -f scopelint-previous.json
    - |
      python3 - <<'END' || echo "going on without the previous report" >&2
      import os, sys
      def get(path, **params):
          return requests.get(
              f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}/{path}",
              params=params,
              headers={"JOB-TOKEN": os.environ["CI_JOB_TOKEN"]},
              allow_redirects=False,
              timeout=60,
          )
      try:
          if os.environ.get("SCOPELINT_PREVIOUS") == "none":
              sys.exit("SCOPELINT_PREVIOUS is none")
          import requests
          name, branch = os.environ["CI_JOB_NAME"], os.environ["CI_DEFAULT_BRANCH"]
          found, page = None, 0
          while found is None and page < 5:
              page += 1
              answer = get("jobs", **{"scope[]": "success", "per_page": 100, "page": page})
              if answer.status_code != 200:
                  sys.exit(f"the list of jobs could not be read: HTTP {answer.status_code}")
              jobs = answer.json()
              mine = (job["id"] for job in jobs if (job["name"], job["ref"]) == (name, branch))
              found = next(mine, None)
              if len(jobs) < 100:
                  break
          else:
              if found is None:
                  sys.exit("the last scan is not among the last 500 jobs that succeeded")
          answer = get(f"jobs/{found}/artifacts/scopelint.json") if found else None
      except Exception as error:
          sys.exit(f"the previous report could not be fetched: {type(error).__name__}")
      if answer is None or answer.status_code == 404:
          print("there is no previous report: this is the first run, or it has expired")
      elif answer.status_code != 200:
          sys.exit(f"the previous report could not be fetched: HTTP {answer.status_code}")
      else:
          with open("scopelint-previous.json", "wb") as file:
              file.write(answer.content)
      END
    - if [ -f scopelint-previous.json ]; then set -- "$@" --previous scopelint-previous.json; fi
"""

_BASELINE = """\
    - if [ -n "$SCOPELINT_BASELINE" ]; then set -- "$@" --baseline "$SCOPELINT_BASELINE"; fi
"""

_TOKEN = """\
    - >-
      if [ -z "$SCOPELINT_TOKEN$GITLAB_TOKEN$GITLAB_PRIVATE_TOKEN$GITLAB_OAUTH_TOKEN" ]; then
      echo "error: there is no SCOPELINT_TOKEN in this job" >&2;
      if [ "$CI_COMMIT_REF_PROTECTED" = true ];
      then echo "hint: add it under Settings > CI/CD > Variables, masked and protected" >&2;
      else echo "hint: a protected variable is only there on protected branches, and this is none" >&2;
      fi; exit 4; fi
"""

_RULES = """\
    - if: $CI_PIPELINE_SOURCE == "schedule"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
"""

_COMPONENT_HEAD = """\
# Scans the CI/CD job token scopes of a group, shows what it found wherever GitLab can, and gates.
#
# The token is no input: set SCOPELINT_TOKEN as a masked, protected CI/CD variable (a group access
# token, role Maintainer, scope read_api). A nightly run is a pipeline schedule of the default branch.
# docs/reports.md says what each report feeds.
spec:
  inputs:
    target:
      description: "The group or project to scan: a full path. Empty: gitlab.targets of the configuration."
      default: $CI_PROJECT_ROOT_NAMESPACE
      regex: ^[A-Za-z0-9_$./-]*$
    config:
      description: "The configuration file in this repository. Empty: scopelint.yml, where there is one."
      default: ""
      regex: ^[A-Za-z0-9_./-]*$
    baseline:
      description: "The baseline file in this repository: what it accepts is not new. Empty: gate.baseline of the configuration."
      default: ""
      regex: ^[A-Za-z0-9_./-]*$
    fail_on:
      description: "The lowest severity that fails the gate. Empty: the configuration's, else medium."
      default: ""
      options: ["", critical, high, medium, low, info, never]
    allow_incomplete:
      description: "Let the gate pass where something could not be read."
      type: boolean
      default: false
    usage:
      description: "Read the authentication log too, for the rules on unused entries."
      type: boolean
      default: false
    shards:
      description: "Jobs that read at once; more than 1 for tens of thousands of projects."
      type: number
      default: 1
    merge_requests:
      description: "Run in merge request pipelines too; their token must be there for unprotected branches."
      type: boolean
      default: false
    prefix:
      description: "The jobs' names begin with it."
      default: scopelint
      regex: ^[a-z][a-z0-9-]*$
    stage:
      description: "The jobs' stage."
      default: test
      regex: ^[A-Za-z0-9_. -]+$
    image:
      description: "A container image with scopelint, or with Python 3.11 or newer and pip."
      default: python:3.13
      regex: ^[A-Za-z0-9_$./:@-]+$
    source:
      description: "What pip installs where the image has no scopelint: an archive's address, or git+https."
      default: ""
      regex: ^[A-Za-z0-9_$./:@+=#~ -]*$
    expire_in:
      description: "How long the reports are kept."
      default: 30 days
      regex: ^[A-Za-z0-9 ]+$
---
"""

_INCLUDE_HEAD = """\
# The same jobs as the component in templates/scopelint, for `include: project` or `include: local`,
# where CI/CD components are not at hand (an older GitLab).
#
# Override the variables below in the including file. The token is a masked, protected CI/CD
# variable: SCOPELINT_TOKEN.
variables:
  SCOPELINT_IMAGE: python:3.13
  SCOPELINT_SOURCE: ""
  SCOPELINT_TARGET: $CI_PROJECT_ROOT_NAMESPACE
  SCOPELINT_CONFIG: ""
  SCOPELINT_BASELINE: ""
  SCOPELINT_USAGE: "false"
  SCOPELINT_FAIL_ON: ""
  SCOPELINT_ALLOW_INCOMPLETE: "false"

"""

_STARTER_HEAD = """\
# Scans every night and after each change of the default branch, then gates; merge requests have their
# configuration checked. Two jobs scan and gate, because GitLab takes the reports of security tools
# from successful jobs only. Take this file into the pipeline with
#   include: [{{local: {name}}}]
# SCOPELINT_TOKEN is a masked, protected CI/CD variable (a group access token, role Maintainer, scope
# read_api); SCOPELINT_SOURCE says what pip installs.
"""

_ONE_TARGET = """\
    - if [ -n "$SCOPELINT_TARGET" ]; then set -- "$@" -- "$SCOPELINT_TARGET"; fi
"""


def component_text() -> str:
    """Return the CI/CD component: `templates/scopelint/template.yml`."""
    inputs = {
        "PREFIX": "prefix",
        "STAGE": "stage",
        "IMAGE": "image",
        "EXPIRE": "expire_in",
    }
    merge_requests = (
        """    - if: '"$[[ inputs.merge_requests ]]" == "true" && $CI_PIPELINE_SOURCE =="""
        """ "merge_request_event"'\n"""
    )
    needs = '    - job: "@PREFIX@-scan"\n      optional: true\n    - job: "@PREFIX@-merge"\n      optional: true\n'
    return _COMPONENT_HEAD + _filled(
        {
            "SHARDS": _SHARDS,
            "WHOLE": """    - if: '"$[[ inputs.shards ]]" != "1"'\n      when: never\n""",
            "RULES": _RULES + merge_requests,
            "SOURCE": '  variables:\n    SCOPELINT_SOURCE: "$[[ inputs.source ]]"\n',
            "INPUTS": _variables(
                target="TARGET", config="CONFIG", baseline="BASELINE", usage="USAGE"
            ),
            "CONFIG_INPUTS": _variables(config="CONFIG"),
            "GATE_INPUTS": _variables(
                fail_on="FAIL_ON", allow_incomplete="ALLOW_INCOMPLETE"
            ).partition("\n")[2],
            "CONFIG_GIVEN": """'"$[[ inputs.config ]]" != "" && $CI_PIPELINE_SOURCE =="""
            """ "merge_request_event"'""",
            "NEEDS": needs,
            "TARGETS": _ONE_TARGET,
            **{slot: f"$[[ inputs.{name} ]]" for slot, name in inputs.items()},
        }
    )


def include_text() -> str:
    """Return the plain include: `templates/scopelint.gitlab-ci.yml`."""
    return _INCLUDE_HEAD + _plain("$SCOPELINT_IMAGE", _ONE_TARGET)


def jobs_text(targets: Sequence[str], name: str) -> str:
    """Return the jobs that scan these targets (or `--instance`) and gate, as a file `name`."""
    words = shlex.join(targets) if list(targets) == ["--instance"] else f"-- {shlex.join(targets)}"
    # In double quotes YAML takes any character, and the shell sees its own quotes.
    line = json.dumps(f'set -- "$@" {words}')
    head = _STARTER_HEAD.format(name=json.dumps(name))
    return head + _plain("python:3.13", f"    - {line}\n")


def _plain(image: str, targets: str) -> str:
    return _filled(
        {
            "RULES": _RULES,
            "CONFIG_GIVEN": '$SCOPELINT_CONFIG && $CI_PIPELINE_SOURCE == "merge_request_event"',
            "NEEDS": '    - "@PREFIX@-scan"\n',
            "TARGETS": targets,
            "PREFIX": "scopelint",
            "STAGE": "test",
            "IMAGE": image,
            "EXPIRE": "30 days",
        }
    )


def _filled(values: Mapping[str, str]) -> str:
    """Fill the slots of the jobs; those of inputs stay empty where there are none."""
    slots = dict.fromkeys(
        ("SHARDS", "WHOLE", "SOURCE", "INPUTS", "CONFIG_INPUTS", "GATE_INPUTS"), ""
    ) | {
        "REPORTS": _REPORTS,
        "PREVIOUS": _PREVIOUS,
        "BASELINE": _BASELINE,
        "TOKEN": _TOKEN,
        "CONFIGS": "".join(f"        - {name}\n" for name in CONFIG_NAMES),
    }
    slots |= values
    text = _JOBS
    # Parts that hold slots themselves first.
    for name in ("SHARDS", "NEEDS", *(slots.keys() - {"SHARDS", "NEEDS"})):
        text = text.replace(f"@{name}@", slots[name])
    return text


def _variables(**names: str) -> str:
    lines = (f'    SCOPELINT_{name}: "$[[ inputs.{given} ]]"\n' for given, name in names.items())
    return "  variables:\n" + "".join(lines)
