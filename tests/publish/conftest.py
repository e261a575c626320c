"""The fixtures of the command line, and a GitLab that can be written to."""

from collections.abc import Iterator

import pytest

from scopelint_simulator import Simulator, load_instance
from tests.cli.fixtures import place as place
from tests.publish.kit import INSTANCE, PUBLISHER


@pytest.fixture
def gitlab(place: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Give a running GitLab of this test alone, and the publisher's token."""
    del place
    monkeypatch.setenv("SCOPELINT_TOKEN", PUBLISHER)
    with Simulator(load_instance(INSTANCE)) as simulator:
        yield simulator
    assert simulator.crashes == []
