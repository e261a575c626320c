"""Counts, lists and chains equal what comes of asking GitLab's decision for every pair."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from scopelint.access import (
    Answer,
    chains,
    decide,
    inbound_counts,
    may_push,
    origins,
    targets,
)
from scopelint.model import Project
from tests.access import strategies as random
from tests.access.kit import everyone, observed
from tests.examples import examples

versions = st.sampled_from([*random.VERSIONS, (19, 1), (0, 0)])
Answers = dict[tuple[int, int], Answer]


def all_pairs(projects: list[Project], version: tuple[int, int]) -> Answers:
    """Ask about every origin and target."""
    return {
        (origin.id, target.id): decide(origin, target, version=version).answer
        for origin in projects
        for target in projects
        if origin.id != target.id
    }


@settings(max_examples=examples(60))
@given(st.data(), versions, st.booleans())
def test_counts_and_lists(data: st.DataObject, version: tuple[int, int], known: bool) -> None:
    """The quick count is the number of granted pairs, and exact only where none is unknown."""
    drawn = data.draw(random.inventories(known=known))
    inventory = observed(drawn, version)
    projects = list(inventory.projects())
    answers = all_pairs(everyone(inventory), version)
    here = {project.id for project in projects}
    counts = dict(inbound_counts(inventory))
    assert set(counts) == here
    for project in projects:
        coming = {o: answer for (o, t), answer in answers.items() if t == project.id}
        going = {t: a for (o, t), a in answers.items() if o == project.id and t in here}
        granted = {o for o, answer in coming.items() if answer is Answer.GRANTED}
        count = counts[project.id]
        found = origins(inventory, project)
        links = {link.project_id: link.answer for link in found.links}
        if not found.everyone:
            certain = {o for o, answer in links.items() if answer is Answer.GRANTED}
            assert certain == granted
            assert count.number == len(certain)
            unknown = {o for o, answer in coming.items() if answer is Answer.UNKNOWN}
            listed = {o for o, answer in links.items() if answer is Answer.UNKNOWN}
            assert listed <= unknown
            assert unknown <= listed or found.others.answer is Answer.UNKNOWN
        else:
            assert count.number == len(granted)
        if count.exact:
            # Where the visibility alone is unknown it may be denied or partial: not granted.
            shown = [project.visibility] if project.visibility else ["private", "public"]
            clear = [replace(project, visibility=one) for one in shown]
            for origin in everyone(inventory):
                if origin.id != project.id:
                    said = {decide(origin, one, version=version).answer for one in clear}
                    assert Answer.UNKNOWN not in said
                    assert said == {Answer.GRANTED} or Answer.GRANTED not in said
        elif known and version >= (18, 0):
            raise AssertionError("everything is known here")
        reached = targets(inventory, project)
        assert {link.project_id: link.answer for link in reached.links} == {
            t: a for t, a in going.items() if a in (Answer.GRANTED, Answer.UNKNOWN)
        }
        assert reached.partial == list(going.values()).count(Answer.PARTIAL)


@settings(max_examples=examples(60))
@given(
    st.data(),
    st.sampled_from([(18, 5), (19, 0), (19, 1), (19, 1), (19, 1)]),
    st.booleans(),
    st.booleans(),
)
def test_chains_are_the_shortest_ways(
    data: st.DataObject, version: tuple[int, int], known: bool, filtered: bool
) -> None:
    """A breadth-first search over every pair finds the same ends, each as many steps away.

    What a filter left out may be a step of a way, so nothing is exact then.
    """
    drawn = data.draw(random.inventories(known=known))
    inventory = observed(drawn, version, left_out=filtered)
    projects = list(inventory.projects())
    answers = all_pairs(projects, version)
    granted = {pair for pair, a in answers.items() if a is Answer.GRANTED}
    pushes = {
        (o.id, t.id): may_push(o, t, version=version)
        for o in projects
        for t in projects
        if o.id != t.id
    }
    paths = {project.id: project.path for project in projects}
    for project in projects:
        found = chains(inventory, project)
        forward = {chain.path[-1]: chain.path for chain in found.targets}
        behind = {chain.path[0]: chain.path for chain in found.origins}
        for other in projects:
            if other.id == project.id:
                continue
            ways = ((project, other, forward), (other, project, behind))
            for start, end, ours in ways:
                steps = shortest(start.id, end.id, granted, pushes, set(paths))
                way = ours.get(other.path)
                if steps is None or steps == 1:
                    assert way is None
                    continue
                assert way is not None
                assert len(way) == steps + 1
                ids = [next(n for n, path in paths.items() if path == each) for each in way]
                assert (ids[0], ids[-1]) == (start.id, end.id)
                assert all(pushes[pair] for pair in pairwise(ids[:-1]))
                assert (ids[-2], ids[-1]) in granted
        if found.exact:
            maybe = {pair: answer is not False for pair, answer in pushes.items()}
            likely = {pair for pair, a in answers.items() if a in (Answer.GRANTED, Answer.UNKNOWN)}
            for other in projects:
                for pair in ((project.id, other.id), (other.id, project.id)):
                    best = shortest(*pair, likely, maybe, set(paths))
                    certain = shortest(*pair, granted, pushes, set(paths))
                    assert other is project or best in (1, certain)
        assert not (found.exact and inventory.left_out)
        assert found.exact or inventory.left_out or not known or version == (19, 0)


def shortest(
    start: int,
    end: int,
    granted: set[tuple[int, int]],
    pushes: Mapping[tuple[int, int], bool | None],
    everyone: set[int],
) -> int | None:
    """Return the least number of steps: pushes, then one access."""
    seen, wave, steps = {start}, {start}, 0
    while wave:
        steps += 1
        if any((number, end) in granted for number in wave):
            return steps
        wave = {b for a in wave for b in everyone - seen if pushes.get((a, b))} - {end}
        seen |= wave
    return None
