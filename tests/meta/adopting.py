"""What the reader of docs/adopting.md has before the first step: a GitLab, gitlabform, exceptions."""

TOKEN = "glpat-adopting"
ADDRESS = "https://gitlab.example.com"

SERVICES = tuple(f"acme/shop/service-{number:02}" for number in range(1, 41))
"""Projects that each let the partner's SDK in, and are allowed to."""

_SERVICES = "\n".join(
    f"  - {{path: {path}, scope: {{allowlist: [{{project: partner/sdk}}]}}}}" for path in SERVICES
)
INVENTORY = f"""
gitlab: {{version: "19.3.0", enforce_inbound: false}}
users: [{{username: bot, name: Audit Bot}}]
tokens: [{{token: {TOKEN}, user: bot, scopes: [read_api]}}]
roles: [{{user: bot, on: acme, role: maintainer}}]
groups:
  - {{path: acme}}
  - {{path: acme/shop}}
  - {{path: acme/legacy}}
  - {{path: acme-shared, visibility: public}}
  - {{path: partner, visibility: public}}
projects:
  - {{path: acme-shared/images, visibility: public}}
  - {{path: partner/sdk, visibility: public}}
  - {{path: acme/shop/till, scope: {{allowlist: [{{project: acme-shared/images}}]}}}}
  - {{path: acme/shop/web, scope: {{allowlist: [{{group: acme}}]}}}}
  - {{path: acme/legacy/erp, scope: {{inbound: false}}}}
  - {{path: acme/legacy/vault, fails: always}}
{_SERVICES}
"""
NEXT_WEEK = ("path: acme/shop/till, scope: {", "path: acme/shop/till, scope: {inbound: false, ")
"""What somebody changes after the baseline was made."""

CONFIG = """\
config_version: 4
projects_and_groups:
  acme/shop/*:
    job_token_scope:
      limit_access_to_this_project: true
  acme/shop/till:
    job_token_scope:
      allowlist:
        enforce: true
        projects:
          - acme-shared/images
"""
EXCEPTIONS = "project,partner,why,until,who\n" + "".join(
    f"{path},partner/sdk,contract {number},2099-12-31,@shop\n"
    for number, path in enumerate(SERVICES, start=100)
)
