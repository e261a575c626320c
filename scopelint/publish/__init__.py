"""What others get of a report: one issue an owner, a control's status a project, one note.

It offers `issues.plan_issues`, `controls.plan_controls` and `note.plan_note`: each compares a report
with what GitLab has and returns the steps that are needed, which `steps.perform` does. Nothing is
written but by a step. What a report could not look at is never told to be fixed or passed.

It may import `engine`, `errors`, `finding`, `gitlab`, `owners`, `paths`, `report`, `rule` and `text`. Only `scopelint.cli.publish` may import it.
"""
