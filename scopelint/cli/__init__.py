"""The command line: the only part that prints, and the only one that exits.

It offers `main`, the program, and `cli`, its commands: one module each, imported when it is called.
Exit codes are decided in two modules: `judge.exit_code` for what was found, `failure.run` for what
went wrong.

It may import every other package of the core; none of them imports it.
"""

import sys
from typing import NoReturn

from scopelint.cli.commands import COMMANDS, EXIT_CODES, cli

__all__ = ["COMMANDS", "EXIT_CODES", "cli", "main"]


def main() -> NoReturn:
    """Run the command line and exit with the code of the outside contract, section 2."""
    import gc
    import signal

    from scopelint.cli.console import guard_process, open_streams
    from scopelint.cli.failure import run

    # What is imported stays: looking for garbage in it every 700 objects is 7 % of a start.
    gc.set_threshold(10_000)
    open_streams()
    guard_process()
    # A job that is cancelled gets SIGTERM; what it collected is kept as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(cli))
