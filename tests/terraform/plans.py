"""Plans as `terraform show -json` writes them."""

from typing import Any

SCOPES = "gitlab_project_job_token_scopes"
SCOPE = "gitlab_project_job_token_scope"


def changed(
    address: str, after: Any, *, before: Any = None, actions: list[str] | None = None, **more: Any
) -> dict[str, Any]:
    """Return an item of `resource_changes`; `more` are further keys of its `change`."""
    kind, _, name = address.rpartition(".")
    change = {
        "actions": actions or ["create"],
        "before": before,
        "after": after,
        "after_unknown": {},
        "before_sensitive": False if before is None else {},
        "after_sensitive": {},
    }
    return {
        "address": address,
        "mode": "managed",
        "type": kind.rpartition(".")[2],
        "name": name,
        "provider_name": "registry.terraform.io/gitlabhq/gitlab",
        "change": change | more,
    }


def plan(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a plan with these changes."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.14.0",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "errored": False,
        **more,
    }
