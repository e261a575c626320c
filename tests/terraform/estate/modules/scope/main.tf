variable "project" {
  type = string
}

variable "enabled" {
  type    = bool
  default = true
}

variable "group_ids" {
  type = set(number)
}

variable "project_ids" {
  type    = set(number)
  default = []
}

resource "gitlab_project_job_token_scopes" "this" {
  project            = var.project
  enabled            = var.enabled
  target_group_ids   = var.group_ids
  target_project_ids = var.project_ids
}

output "project" {
  value = gitlab_project_job_token_scopes.this.project
}
