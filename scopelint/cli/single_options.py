"""The options that several commands share and that belong to no group: a plain value each.

`rules` and `explain` take theirs from here, so that they start without the groups' options.
"""

import click

from scopelint.cli.option_declaration import option, words_option
from scopelint.cli.option_types import FilePath

rules_file_option = option(
    "--rules-file",
    "rules_files",
    multiple=True,
    type=FilePath(),
    metavar="FILE",
    help="Take the rules of this Python file too: its code is run. Repeatable.",
)

color_option = option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours. [NO_COLOR, FORCE_COLOR]",
)

progress_option = option(
    "--progress/--no-progress",
    default=None,
    help="Show progress on stderr.  [default: on a terminal]",
)

yes_option = option(
    "--yes", is_flag=True, help="Do not ask first; needed where there is no terminal."
)

resume_option = option(
    "--resume", is_flag=True, help="Go on with the snapshot where it was interrupted."
)

from_option = option(
    "--from",
    "sources",
    multiple=True,
    type=FilePath(),
    metavar="SNAPSHOT",
    help="Read this snapshot instead of GitLab. Repeatable: shards, or collections of one instance.",
)

answer_format_option = option(
    "-f",
    "--format",
    "answer_format",
    type=click.Choice(["console", "json"]),
    default="console",
    show_default=True,
    help="How to show the answer.",
)

format_option = click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs.",
)

owners_words = words_option(
    "--owner",
    "owners",
    metavar="NAME",
    help="Only projects of this owner in scopelint.yml, or `unowned` or `unknown` ones.",
)
