"""YAML as GitLab reads a CI/CD configuration."""

from scopelint.yaml import GITLAB, MappingNode, SequenceNode, load, to_python


def read(text: str) -> object:
    return to_python(load(text, partial=True, dialect=GITLAB).root)


def test_of_equal_keys_the_last_one_counts() -> None:
    assert read("a: 1\nb: 2\na: 3\n") == {"a": 3, "b": 2}


def test_merge_keys_work_where_they_stand_and_may_be_several() -> None:
    text = ".x: &x {a: 1, b: 1}\n.y: &y {b: 2}\njob:\n  a: 0\n  <<: *x\n  <<: *y\n  c: 3\n"
    assert read(text) == {".x": {"a": 1, "b": 1}, ".y": {"b": 2}, "job": {"a": 1, "b": 2, "c": 3}}


def test_of_merged_mappings_in_a_list_the_first_one_counts() -> None:
    assert read(".x: &x {a: 1}\n.y: &y {a: 2, b: 2}\njob: {<<: [*x, *y]}\n") == {
        ".x": {"a": 1},
        ".y": {"a": 2, "b": 2},
        "job": {"a": 1, "b": 2},
    }


def test_a_reference_is_a_list_with_its_tag() -> None:
    document = load("script:\n  - !reference [.x, script]\n  - make\n", dialect=GITLAB)
    assert isinstance(document.root, MappingNode)
    script = document.root.get("script")
    assert isinstance(script, SequenceNode)
    [reference, _] = script.value
    assert isinstance(reference, SequenceNode)
    assert (reference.tag, script.tag, to_python(reference)) == ("!reference", "", [".x", "script"])
    assert document.problems == ()


def test_another_tag_is_a_fault_as_everywhere() -> None:
    document = load("a: !ruby/object {b: 1}\n", partial=True, dialect=GITLAB)
    assert [problem.line for problem in document.problems] == [1]
