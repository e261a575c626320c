"""The fixtures of the fault tests: those of the command line."""

from tests.cli.fixtures import place

__all__ = ["place"]
