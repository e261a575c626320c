"""Repair: plans what to change, applies a reviewed plan, and undoes it.

Planning needs an inventory alone and asks GitLab nothing:

- `from_findings.plan_from_findings`, `from_declared.plan_to_declared` and `suggest.suggest` make a
  plan of findings, of the declared policy, or of the authentication log.
- `plan_file` has the plan's models and reads the file; `plan_text` shows it to a reader.

Applying asks GitLab for each project again and changes only those that are as the plan saw them:

- `apply.apply` does a plan, `undo.undo` takes an apply back, both by `journal.Journal`.

For both, `step_runner` turns an action of the plan into requests. The project is read by
`scopelint.collect.current_state` and changed by `scopelint.gitlab.write`.

Only commands import this package, each from these modules, so that planning does not load the
client. It may import `access` (GitLab's decision), `declared`, `errors`, `finding`, `model`, `paths`,
`progress`, `remedy`, `snapshot`, `text`, `uses` (the authentication log), `versions` and, for applying,
`collect` and `gitlab`.
"""
