"""A small GitLab over an instance file: REST and GraphQL, for the demo, tests and plug-in authors.

    with Simulator(load_instance("instance.yml")) as gitlab:
        print(gitlab.url)

It offers what `__all__` names and needs the extra `demo` (graphql-core). It may import `errors` of
scopelint alone. The command line imports it by name when a command needs it: it may be missing.
"""

from scopelint_simulator.faults import Faults
from scopelint_simulator.generate import generate
from scopelint_simulator.instance import Instance
from scopelint_simulator.instance_file import load_instance
from scopelint_simulator.server import Simulator

__all__ = ["Faults", "Instance", "Simulator", "generate", "load_instance"]
