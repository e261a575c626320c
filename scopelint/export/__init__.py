"""Writes a snapshot in other formats: the inventory, and policy code.

`tables.write_csv` and `tables.write_jsonl` write the inventory, whose rows `rows` makes.
`policy_code` writes code that declares what GitLab has: for gitlabform, for `declared:` of
scopelint.yml, and for Terraform.

Only the command `export` imports this package, from these modules. It may import `access`, `model`,
`paths`, `snapshot`, `text`, `uses` (the authentication log) and `versions`. It asks GitLab nothing.
"""
