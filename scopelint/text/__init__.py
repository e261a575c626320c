"""Every way of making foreign text fit to be shown; nothing outside this package does it.

Names, paths, messages and files come from others, who must not control a reader's terminal, page,
spreadsheet or pipeline with them. Which function to use depends on who reads:

| reader | use |
|---|---|
| somebody at a terminal, in a message | `clean`, `shown`, `excerpt`; `redact` before them |
| somebody who may not see tokens: all of stderr | `hide_secrets` |
| somebody at a terminal or a page, in a report | `visible`, `visible_lines`; `wrap`, `shorten_middle` |
| somebody at a terminal with colours, of clean text | `painted` |
| somebody at a terminal, where it may be a job's log | `job_log`, `job_log_lines` |
| `why`, which looks for what a job was refused | `lines_of_job_log`, `token_kinds` |
| a program: JSON, SARIF, XML | `plain`, `plain_line`, `json_text`, `script_json`, `encodable` |
| a spreadsheet | `csv_cell` |
| GitLab's Markdown | `code`, `escaped`, `link`, `fenced`, `table_cell`, `issue_title`; `mentions` of who is to be told |
| the log of a GitHub Actions job | `command_message`, `command_property` |

It imports the standard library alone.
"""

from scopelint.text.display import (
    cell_width,
    counted,
    job_log,
    job_log_lines,
    lines_of_job_log,
    number,
    painted,
    shorten_middle,
    visible,
    visible_lines,
    wrap,
)
from scopelint.text.documents import (
    REPLACEMENT,
    command_message,
    command_property,
    csv_cell,
    encodable,
    json_text,
    plain,
    plain_line,
    script_json,
    utc,
)
from scopelint.text.gitlab_markdown import (
    code,
    escaped,
    fenced,
    issue_title,
    link,
    mentions,
    table_cell,
)
from scopelint.text.messages import (
    ONE_LINE_PATTERN,
    clean,
    excerpt,
    holds_control,
    shorten,
    shown,
    suggestion,
)
from scopelint.text.secrets import Secret, hide_queries, hide_secrets, redact, token_kinds

__all__ = [
    "ONE_LINE_PATTERN",
    "REPLACEMENT",
    "Secret",
    "cell_width",
    "clean",
    "code",
    "command_message",
    "command_property",
    "counted",
    "csv_cell",
    "encodable",
    "escaped",
    "excerpt",
    "fenced",
    "hide_queries",
    "hide_secrets",
    "holds_control",
    "issue_title",
    "job_log",
    "job_log_lines",
    "json_text",
    "lines_of_job_log",
    "link",
    "mentions",
    "number",
    "painted",
    "plain",
    "plain_line",
    "redact",
    "script_json",
    "shorten",
    "shorten_middle",
    "shown",
    "suggestion",
    "table_cell",
    "token_kinds",
    "utc",
    "visible",
    "visible_lines",
    "wrap",
]
