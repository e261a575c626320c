"""GET /projects/:id/members/all: direct and inherited members, each once with the highest role.

Sources: `doc/api/members.md`, "List all members of a project, including inherited and invited
members"; `lib/api/members.rb`; `lib/api/entities/member.rb` (fields).
"""

from typing import Any

from scopelint_simulator.answer import Answer
from scopelint_simulator.instance import Instance, Project, User
from scopelint_simulator.permissions import ROLES
from scopelint_simulator.rest_call import Call
from scopelint_simulator.rest_paging import offset_page


def get_all_members(call: Call) -> Answer:
    """GET /projects/:id/members/all."""
    call.require_user()
    project, instance = call.project(), call.instance
    levels = {user.id: level(instance, user, project) for user in instance.users.values()}
    rows = sorted(number for number, found in levels.items() if found)

    def show(number: int) -> dict[str, Any]:
        user = call.entities.basic_user(instance.users[number])
        return user | {"access_level": levels[number]}

    return offset_page(call.request, rows, show)


def level(instance: Instance, user: User, project: Project) -> int:
    """Return a user's access level on a project, direct or inherited; 0 for no member."""
    found = instance.project_roles.get((user.id, project.id), 0)
    group = project.group
    while group is not None:
        found = max(found, instance.group_roles.get((user.id, group), 0))
        group = instance.groups[group].parent
    if project.group is None:
        namespace = instance.namespaces[project.user_namespace or 0]
        found = ROLES["owner"] if namespace.user is user else found
    return found
