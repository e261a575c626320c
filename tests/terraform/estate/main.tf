terraform {
  required_providers {
    gitlab = {
      source  = "gitlabhq/gitlab"
      version = "~> 19.0"
    }
  }
}

data "gitlab_group" "allowed" {
  for_each  = local.group_paths
  full_path = each.value
}

data "gitlab_project" "deploy" {
  path_with_namespace = "acme/platform/deploy"
}

module "scope" {
  source   = "./modules/scope"
  for_each = var.teams

  project     = each.value.project
  enabled     = !each.value.open
  group_ids   = [for path in local.groups_of[each.key] : data.gitlab_group.allowed[path].id]
  project_ids = each.value.projects
}

# Entries beside those that people add by hand.
resource "gitlab_project_job_token_scope" "deploy" {
  for_each = toset(["acme/platform"])

  project         = data.gitlab_project.deploy.id
  target_group_id = data.gitlab_group.allowed[each.key].id
}

# Its value is known when Terraform runs, and not before.
resource "gitlab_project_job_token_scopes" "release" {
  project            = "acme/platform/release"
  enabled            = true
  target_group_ids   = []
  target_project_ids = [7, var.release_project_id]
}
