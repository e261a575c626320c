"""The demo's two instances: whole, alike, and annotated with what the catalogue's rules really say.

`demo_company.judge` reads the catalogue afresh, so a comment that claims too much or too little
fails here.
"""

import importlib
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.simulator.demo_company import CONFIG, FOLDER, MAIN, Company, inside, judge, rows

NAMES = ("before", "after")
RULES = {
    "SL101", "SL102", "SL103", "SL104", "SL201", "SL202", "SL301", "SL302", "SL303", "SL304", "SL305",
    "SL306", "SL307", "SL308", "SL309", "SL310", "SL401", "SL402", "SL403", "SL404", "SL405", "SL406", "SL501",
    "SL502", "SL503", "SL504", "SL601", "SL602", "SL603", "SL701", "SL702", "SL703", "SL901", "SL902",
}  # fmt: skip
ON_EXAMPLES_ONLY = {"SL104", "SL307", "SL310", "SL501"}


def annotations(text: str) -> Iterator[tuple[int, set[str], set[str]]]:
    """For each project its id, the codes said to fail, and those said to stay silent."""
    for block in re.split(r"^  - (?=(?:\{)?id: )", text[text.index("\nprojects:\n") :], flags=re.M)[
        1:
    ]:
        number = re.match(r"\{?id: (\d+)", block)
        assert number
        comments = " ".join(re.findall(r"(?:^|\s)# ?(.*)", block))
        silent = set(re.findall(r"\bnot (SL\d{3}):", comments))
        fails = set(re.findall(r"(?<!not )\b(SL\d{3}):", comments))
        yield int(number[1]), fails, silent


COMPANIES = {name: Company(name) for name in NAMES}


@pytest.fixture(params=NAMES)
def company(request: pytest.FixtureRequest) -> Company:
    return COMPANIES[str(request.param)]


def test_about_sixty_projects_in_five_levels_of_groups(company: Company) -> None:
    assert 50 <= len(list(company.scanned())) <= 70
    assert max(path.count("/") + 1 for path in company.groups if inside(path, MAIN)) == 5


def test_versions() -> None:
    assert [COMPANIES[name].data["gitlab"]["version"] for name in NAMES] == ["17.11.4", "19.3.1"]


@pytest.mark.parametrize("kind", ["users", "groups", "projects"])
def test_ids_and_paths_are_unique(company: Company, kind: str) -> None:
    for key in ("id", "username" if kind == "users" else "path"):
        values = Counter(str(item[key]).lower() for item in company.data[kind])
        assert [value for value, times in values.items() if times > 1] == []


def test_ids_are_the_same_in_both() -> None:
    for kind in ("groups", "projects"):
        before, after = (
            {i["id"]: re.sub(r"-(deleted|deletion_scheduled)-\d+$", "", i["path"])
             for i in COMPANIES[name].data[kind]}
            for name in NAMES
        )  # fmt: skip
        both = before.keys() & after.keys()
        assert len(both) > 30
        assert {number: before[number] for number in both} == {n: after[n] for n in both}


def test_whatever_is_named_is_there(company: Company) -> None:
    places = company.groups.keys() | company.users
    known = company.groups.keys() | company.projects.keys()
    for path in company.projects:
        assert path.rpartition("/")[0] in places
    for path in company.groups:
        assert "/" not in path or path.rpartition("/")[0] in company.groups
    for role in company.data["roles"]:
        assert role["user"] in company.users
        assert role["on"] in known
    for project in company.data["projects"]:
        for row in rows(project) + rows(project, "outbound"):
            assert "gone" in row or row.get("project", row.get("group")) in known
            assert row.get("added_by", "mia") in company.users
        assert {row["origin"] for row in project.get("scope", {}).get("log", [])} <= known


def test_visibility_is_no_wider_than_the_group_s(company: Company) -> None:
    rank = {"private": 0, "internal": 1, "public": 2}
    for item in company.data["groups"] + company.data["projects"]:
        parent = company.groups.get(item["path"].rpartition("/")[0])
        if parent:
            assert rank[item.get("visibility", "private")] <= rank[parent["visibility"]]


def test_annotations_say_what_fails(company: Company) -> None:
    by_id = {project["id"]: project for project in company.data["projects"]}
    seen = set()
    for number, fails, silent in annotations(company.text):
        project = by_id[number]
        seen.add(number)
        if not inside(project["path"], MAIN):
            assert not fails | silent
            continue
        expected = judge(project, company)
        assert fails <= expected, f"{project['path']} claims too much"
        assert expected - fails <= ON_EXAMPLES_ONLY, f"{project['path']} claims too little"
    assert seen == by_id.keys()


def test_a_code_said_to_be_silent_fails_on_no_entry_of_the_project_unless_also_claimed(
    company: Company,
) -> None:
    by_id = {project["id"]: project for project in company.data["projects"]}
    for number, fails, silent in annotations(company.text):
        assert not silent & judge(by_id[number], company) - fails, by_id[number]["path"]


def test_every_rule_fails_somewhere() -> None:
    claimed: set[str] = set()
    for name in NAMES:
        text = COMPANIES[name].text
        claimed |= set().union(*(fails for _, fails, _ in annotations(text)))
        claimed |= set(re.findall(r"^# (SL\d{3}):", text, re.M))
    assert claimed == RULES


def test_names_and_paths_that_hurt(company: Company) -> None:
    names = [
        item["name"] for kind in ("groups", "projects", "users") for item in company.data[kind]
    ]
    for part in ("<script>", '"', "'", "&", "\\", "📦", "\u202e", "\u200b", "\x1b", "\n", "\t",
                 "=HYPERLINK(", "@all", "/merge"):  # fmt: skip
        assert any(part in name for name in names), repr(part)
    assert max(map(len, names)) == 255
    segments = {segment for path in company.projects for segment in path.split("/")}
    assert max(map(len, segments)) == 255
    for segment in segments:
        assert re.fullmatch(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*", segment)
    assert {"Weird.Names_and-Dashes", "007", "null", "true", "1e5", "CON"} <= segments


def test_config_sets_what_the_instances_comments_rely_on() -> None:
    assert CONFIG["profile"] == "strict"
    assert CONFIG["trusted"] == ["tidewell-shared/**"]
    assert CONFIG["rules"].keys() == {"SL302", "SL309", "SL404", "SL701", "SL703"}
    assert [one["name"] for one in CONFIG["boundaries"]] == ["production"]


def test_tokens_of_the_demo(company: Company) -> None:
    tokens = {token["token"]: token for token in company.data["tokens"]}
    assert tokens["glpat-demo-maintainer"]["user"] == "audit-bot"
    assert tokens["glpat-demo-maintainer"]["scopes"] == ["read_api"]
    assert tokens["glpat-demo-admin"]["scopes"] == ["api", "admin_mode"]
    assert tokens["glpat-demo-expired"]["expired"] is True
    assert tokens["glcbt-demo-job"]["kind"] == "job"
    assert company.role(tokens["glpat-demo-developer"]["user"], MAIN) == "developer"


@pytest.mark.parametrize("name", NAMES)
def test_the_simulator_loads_it(name: str) -> None:
    load = getattr(importlib.import_module("scopelint_simulator"), "load_instance", None)
    if load is None:
        pytest.skip("scopelint_simulator has no load_instance")
    instance = load(FOLDER / f"{name}.yml")
    assert len(instance.projects) == len(COMPANIES[name].projects)
    assert len(instance.groups) == len(COMPANIES[name].groups)
