locals {
  # Groups that any team may name.
  group_paths = toset(concat(
    [var.platform_group],
    flatten([for team in values(var.teams) : tolist(team.groups)]),
  ))

  # The platform is let in everywhere.
  groups_of = {
    for name, team in var.teams :
    name => setunion([var.platform_group], team.groups)
  }
}
