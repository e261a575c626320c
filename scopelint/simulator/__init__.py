"""A small GitLab over an estate file: REST and GraphQL, for the demo, tests and plug-in authors.

    with Simulator(load_estate("estate.yml")) as gitlab:
        print(gitlab.url)

It needs the extra `demo` (graphql-core).
"""

from scopelint.simulator.estate import Estate
from scopelint.simulator.estate_file import load_estate
from scopelint.simulator.faults import Faults
from scopelint.simulator.generate import generate
from scopelint.simulator.server import Simulator

__all__ = ["Estate", "Faults", "Simulator", "generate", "load_estate"]
