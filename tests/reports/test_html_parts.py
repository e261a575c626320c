"""The parts of the HTML page in Chromium: changes, matrix, detail, reach, print, filters."""

from dataclasses import replace

import pytest

from scopelint.remedy import Change
from scopelint.report import Allowlist
from scopelint.testing import report as judged
from scopelint_rules.outside_group_allowed import OutsideGroupAllowed
from tests.reports import build
from tests.reports.browsing import COUNT, HASH, Visit, click, pictured, texts

pytestmark = pytest.mark.browser


def test_a_change_opens_the_findings_that_it_closes(visit: Visit) -> None:
    change = Change("remove-entry", unsafe=True)
    rules = tuple(replace(r, change=change if r.code == "SL304" else None) for r in build.RULES)
    entry, other = build.group_entry(9, "partner"), build.group_entry(8, "beta")
    found = [build.finding("SL304", build.project(n), entry=entry) for n in range(1, 5)]
    found += [build.finding("SL304", build.project(1), entry=other)]
    seen = visit(
        build.report(found, rules=rules),
        click(".changes li:first-child a"),
        COUNT,
        HASH,
        click("button.open"),
        "document.querySelector('.command code').textContent",
        width=1440,
    )
    assert seen[1] == "4 of 5 findings"
    assert seen[2] == "#rule=SL304&verdict=fail&state=new&entry=group%3A9"
    assert seen[4].endswith("--select SL304 --unsafe --entry partner")


def test_a_cell_of_the_matrix_opens_its_findings(visit: Visit) -> None:
    inventory = {
        "projects": {
            "acme/web/shop": {"entries": [{"group": "partner"}, {"group": "acme/ops"}]},
            "acme/ops/deploy": {"entries": [{"group": "partner"}]},
        },
    }
    report = judged(inventory, [OutsideGroupAllowed])
    seen = visit(report, click(".matrix tr.foreign td:last-child a"), COUNT, HASH)
    assert seen[1:] == ["1 of 2 findings", "#from=partner&group=acme%2Fweb"]


@pytest.mark.parametrize("width", [1440, 390])
def test_the_detail_stands_beside_the_list_or_below_its_row(visit: Visit, width: int) -> None:
    detail = "document.querySelector('section.detail').closest('aside, li').tagName"
    fits = "document.documentElement.scrollWidth <= innerWidth"
    seen = visit(pictured(), click("button.open"), detail, fits, width=width)
    assert seen[1:] == ["ASIDE" if width == 1440 else "LI", True]


def test_the_reach_of_a_project_says_who_comes_in_and_whom_it_reaches(visit: Visit) -> None:
    """Drawn from the page's allowlists: its entries, then the lists that let it in."""
    first, second, third = (build.project(n, f"acme/{name}") for n, name in enumerate("abc"))
    lists = (
        Allowlist(first, True, (build.group_entry(9, "partner"),), whole=True),
        Allowlist(second, True, (build.group_entry(1, "acme"),), whole=True),
        Allowlist(third, False, (), whole=True),
    )
    report = replace(build.everything(), allowlists=lists)
    seen = visit(
        report,
        texts(".reach-column h3"),
        texts(".reach-column li .path"),
        texts(".reach-column > p"),
        "document.querySelectorAll('.arrows path').length",
        click(".reach-column a"),
        HASH,
        texts(".reach-column h3"),
        fragment="#reach=acme%2Fa",
        width=1440,
    )
    assert seen[0] == ["Who may come in: 1 entry", "Whom its tokens reach: 1 project"]
    assert seen[1] == ["partner", "acme/b"]
    assert "without a limit" in seen[2][-1]
    assert seen[3] == 2
    assert (seen[5], seen[6][0]) == ("#reach=acme%2Fb", "Who may come in: 1 entry")


@pytest.mark.parametrize(("size", "rows"), [(60, 60), (2_100, 300)])
def test_a_print_has_all_findings_or_says_what_it_leaves_out(
    visit: Visit, size: int, rows: int
) -> None:
    """Up to 2,000 one by one with the remedy once a rule; above that their counts."""
    printed = "document.querySelectorAll('#printed tbody tr').length"
    said = "document.querySelector('#printed p').textContent"
    gone = "document.getElementById('printed')"
    ready, over = {"print": True, "wait": gone}, {"print": False, "wait": f"!{gone}"}
    seen = visit(build.large(size), "0", ready, printed, said, texts("#printed h3"), over)
    assert seen[2] == rows
    assert ("not printed one by one" in seen[3]) == (size > 2_000)
    assert len(seen[4]) == (5 if size <= 2_000 else 6)


def test_a_print_says_whose_remedy_it_shows(visit: Visit) -> None:
    """A remedy that names one entry is an example for the others; another way to fix is told too."""
    on, ways = build.project(1, "acme/a"), ("Remove {}.", "Remove {}.", "Ask for {}.")
    found = [
        build.finding(
            "SL304", on, entry=build.group_entry(n, f"g-{n}"), remediation=way.format(f"g-{n}")
        )
        for n, way in enumerate(ways, start=1)
    ]
    found += [build.finding("SL101", build.project(n), remediation="Close it.") for n in (1, 2)]
    ready = {"print": True, "wait": "document.getElementById('printed')"}
    seen = visit(build.report(found), "0", ready, texts("#printed .printed-rule p"))
    fixes = [text for text in seen[2] if text.startswith("How to fix")]
    assert fixes == [
        "How to fix, for example group g-1: Remove g-1.",
        "How to fix, group g-3: Ask for g-3.",
        "How to fix: Close it.",
    ]


def test_a_print_opens_what_is_folded_and_names_what_it_leaves_out(visit: Visit) -> None:
    gaps = tuple(build.scope_gap(build.project(n)) for n in range(1, 9))
    report = replace(pictured(), scan=replace(pictured().scan, gaps=gaps, complete=False))
    opened = "[...document.querySelectorAll('#all-gaps')].map((one) => one.open)"
    ready = {"print": True, "wait": "document.getElementById('printed')"}
    over = {"print": False, "wait": "!document.getElementById('printed')"}
    cover = "document.querySelector('.cover').innerText"
    seen = visit(report, opened, ready, opened, cover, over, opened)
    assert [seen[0], seen[2], seen[5]] == [[False], [True], [False]]
    assert "Not printed" in seen[3]
    assert "one project's reach" in seen[3]


def test_a_printed_number_of_a_standard_says_of_which(visit: Visit) -> None:
    references = {"CIS GitLab 1.0": ("2.1.5 Limits", "2.2.1 Tokens"), "NIST SP 8": ("AC-6",)}
    rules = (replace(build.RULES[0], references=references, owasp=()),)
    report = build.report([build.finding(on=build.project(1))], rules=rules)
    before = (
        "[...document.querySelectorAll('.controls .tag')].map((tag) =>"
        " getComputedStyle(tag, '::before').content)"
    )
    _, _, seen = visit(report, before, {"print": True}, before)
    assert seen == ['"CIS "', "none", '"NIST "']


def test_filters_say_how_many_more_there_are(visit: Visit) -> None:
    rules = tuple(
        replace(build.RULES[0], code=f"SL{number}", title=f"Title {number}")
        for number in range(101, 131)
    )
    found = [
        replace(build.finding("SL101", build.project(number)), rule=f"SL{number}")
        for number in range(101, 131)
    ]
    more = "document.querySelector('[data-more=rule]').textContent"
    boxes = "document.querySelectorAll('input[name=rule]').length"
    steps = (more, boxes, click("[data-more=rule]"), boxes)
    seen = visit(build.report(found, rules=rules), *steps)
    assert (seen[0], seen[1], seen[3]) == ("22 more", 8, 30)


def test_a_standard_is_chosen_by_a_switch(visit: Visit) -> None:
    references = {"A 1": ("7.1 Text",), "B 2": ("9 Text",)}
    rules = tuple(replace(rule, references=references, owasp=()) for rule in build.RULES)
    shown = "[...document.querySelectorAll('.controls .tag')].filter((tag) => !tag.hidden).map((tag) => tag.textContent)"
    steps = (shown, click("[data-standard='b-2']"), shown, click("[data-standard='b-2']"), shown)
    seen = visit(replace(build.clean(), rules=rules), *steps)
    assert [set(seen[at]) for at in (0, 2, 4)] == [{"7.1"}, {"9"}, {"7.1", "9"}]


def test_what_has_no_entry_comes_last_and_a_group_is_seen_at_a_glance(visit: Visit) -> None:
    names, rows = (
        texts("#groups button.group .name"),
        "document.querySelectorAll('button.open').length",
    )
    entry = build.group_entry(9, "partner")
    found = [build.finding("SL101", build.project(n)) for n in range(1, 60)]
    found += [build.finding("SL305", build.project(n), entry=entry) for n in range(1, 21)]
    more = click("button.group[data-group='0'] + ul button.more")
    seen = visit(build.report(found), names, rows, more, rows, fragment="#by=entry")
    assert seen[0] == [
        "group partner in 20 projects",
        "no entry: settings of projects, and the instance",
    ]
    assert (seen[1], seen[3]) == (16, 28)  # eight of each; then all twenty of the first


def test_a_path_is_copied_whole(visit: Visit) -> None:
    """What is cut in the middle is only hidden: a selection, and a reader's ear, have all of it."""
    path = "acme/" + "/".join(["deep"] * 30) + "/shop"
    found = build.finding("SL101", build.project(1, path))
    copied = (
        "(() => { const path = document.querySelector('button.group .path');"
        " getSelection().selectAllChildren(path); return getSelection().toString(); })()"
    )
    title = "document.querySelector('button.group .path').title"
    assert visit(build.report([found]), copied, title) == [path, path]


def test_the_theme_is_switched_by_a_button(visit: Visit) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    seen = visit(build.clean(), ground, click("#theme"), ground, {"axe": True})
    assert (seen[0], seen[2], seen[3]) == ("rgb(255, 255, 255)", "rgb(21, 23, 26)", [])


def test_findings_are_grouped_by_owner(visit: Visit) -> None:
    owners = {1: "@web/leads", 2: "@web/leads", 3: None}
    found = [
        replace(build.finding("SL101", build.project(number)), owner=name)
        for number, name in owners.items()
    ]
    names, ways = texts("#groups button.group .name"), texts("#by button")
    seen = visit(build.report(found), names, ways, fragment="#by=owner")
    assert seen[0] == ["@web/leads", "unowned, and the instance"]
    assert seen[1] == ["Project", "Rule", "Entry", "Owner"]
    (without,) = visit(build.report([build.finding("SL101", build.project(1))]), ways)
    assert without == ["Project", "Rule", "Entry"]
