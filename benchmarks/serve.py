"""The simulator in a process of its own; a line of JSON on stdin counts or changes its faults.

    python benchmarks/serve.py PROJECTS

`acme` holds the projects, `part` 40 more for tools that are measured on a part. Two of three are
internal, as in many companies.
"""

import json
import sys

from scopelint_simulator import Faults, Simulator, load_instance

TOKEN = "glpat-benchmark"


def instance(projects: int) -> dict[str, object]:
    """Return the instance: three entries a project, a twentieth of them open, a group per 50."""
    made = {"entries": 3, "open_share": 0.05, "log": 2, "seed": 1}
    return {
        "gitlab": {"version": "19.3.0", "enforce_inbound": False},
        "users": [{"username": "bot"}],
        "tokens": [{"token": TOKEN, "user": "bot", "scopes": ["api"]}],
        "roles": [
            {"user": "bot", "on": "acme", "role": "owner"},
            {"user": "bot", "on": "part", "role": "owner"},
        ],
        "groups": [{"path": "acme"}, {"path": "part"}],
        "generate": [
            {"under": "acme", "projects": projects, "groups": max(1, projects // 50), **made},
            {"under": "part", "projects": 40, **made},
        ],
    }


def main() -> None:
    """Serve until stdin ends."""
    served = load_instance(instance(int(sys.argv[1])))
    for number, project in served.projects.items():
        project.visibility = "internal" if number % 3 else "private"
    with Simulator(served) as simulator:
        print(simulator.url, flush=True)
        for line in sys.stdin:
            command, value = json.loads(line)
            if command == "faults":
                simulator.faults = Faults(**value)
            answer = dict(simulator.counts)
            simulator.reset_counts()
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
