"""The fixtures of the command line's tests."""

from tests.cli.fixtures import _kept, _running, gitlab, place, snapshot, token

__all__ = ["_kept", "_running", "gitlab", "place", "snapshot", "token"]
