from __future__ import annotations

import math
from pathlib import Path

import pytest

from accountpulse.config.yaml import load_yaml, parse_yaml
from accountpulse.core.errors import SettingsError
from accountpulse.core.scoring.problems import Problem


def problems_of(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse_yaml(text, "f.yaml")
    return caught.value.problems


def test_plain_data_with_the_line_of_everything():
    located = parse_yaml("a: 1\nb:\n  - x: [1, 2]\n\n  - y\nc: {d: e}\n", "f.yaml")
    assert located.data == {"a": 1, "b": [{"x": [1, 2]}, "y"], "c": {"d": "e"}}
    lines = {("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 0, "x"): 3, ("b", 0, "x", 1): 3, ("b", 1): 5, ("c", "d"): 6, (): 1}
    assert {path: located.line(path) for path in lines} == lines
    assert located.line(("b", 1, "not", "there")) == 5
    assert located.at(("b", 0, "x"), "no") == "f.yaml:3: b[0].x: no"


def test_all_problems_in_the_order_of_the_file():
    located = parse_yaml("a: 1\nb: 2\n", "f.yaml")
    error = located.error([Problem(("b",), "late"), Problem(("a",), "early")])
    assert error.problems == ["f.yaml:1: a: early", "f.yaml:2: b: late"]


def test_scalars_are_what_a_person_means():
    text = "[1, -2, 0x10, 0o17, 1.5, 1e3, .5, ~, true, False, yes, 'no', 2026-01-31, '1', 1_000]"
    found = parse_yaml(text, "f.yaml").data
    assert found == [1, -2, 16, 15, 1.5, 1000, 0.5, None, True, False, "yes", "no", "2026-01-31", "1", 1000]
    assert [type(x) for x in found[:7]] == [int, int, int, int, float, float, float]


def test_numbers_that_are_none_stay_visible():
    found = parse_yaml("[.inf, -.inf, .nan]", "f.yaml").data
    assert found[:2] == [math.inf, -math.inf]
    assert math.isnan(found[2])
    assert parse_yaml("1" + "0" * 5000, "f.yaml").data == math.inf


def test_every_repeated_key_is_refused_with_both_places():
    assert problems_of("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n") == [
        "f.yaml:4: b.c: duplicate key: it is already on line 3; keep one of them",
        "f.yaml:5: a: duplicate key: it is already on line 1; keep one of them",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "f.yaml: the file is empty"),
        ("# only a comment\n", "f.yaml: the file is empty"),
        ("a: [1\nb: 2\n", "f.yaml:2: not valid YAML: "),
        ("a: 1\n\tb: 2\n", "f.yaml:2: not valid YAML: "),
        ("a: b: c\n", "f.yaml:1: not valid YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: not valid YAML: "),
        ("a: \x07\n", "f.yaml: not valid YAML: "),
        ("a: &x 1\nb: *x\n", "f.yaml:2: found the alias *x; write the value out"),
        ("a: &x [*x]\n", "f.yaml:1: found the alias *x; write the value out"),
        ("a: !!python/object:os.system x\n", "f.yaml:1: a: found the tag "),
        ("a: !secret x\n", "f.yaml:1: a: found the tag '!secret'; allowed: plain YAML without tags"),
        ("[a, b]: 1\n", "f.yaml:1: (top level): found a key that isn't plain text; write `key: value`"),
        ("<<: {a: 1}\n", "f.yaml:1: (top level): found a key that isn't plain text; write `key: value`"),
        ("a: 1\nb: " + "[" * 50 + "]" * 50, "f.yaml:2: nested too deeply; allowed: 50 levels"),
        ("[" * 100_000, "f.yaml:1: nested too deeply; allowed: 50 levels"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(text, problem):
    [found] = problems_of(text)
    assert found.startswith(problem)
    assert "\n" not in found


def test_files(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"none\.yaml: there is no such file"):
        load_yaml(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="this is a directory"):
        load_yaml(tmp_path)
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: \xe4\n")
    with pytest.raises(SettingsError, match=r"latin\.yaml: byte 3 is not UTF-8"):
        load_yaml(file)
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    located = load_yaml(file)
    assert located.data == {"a": 1, "b": 2}
    assert located.line(("b",)) == 2
