variable "teams" {
  description = "The projects whose job token scope Terraform holds, by a short name."
  type = map(object({
    project  = string
    open     = optional(bool, false)
    groups   = optional(set(string), [])
    projects = optional(list(number), [])
  }))
}

variable "platform_group" {
  type    = string
  default = "acme/platform"
}

variable "release_project_id" {
  description = "Given on the command line."
  type        = number
}
