"""A group is a record: nobody outside its file compares names, and what the record says of it is true."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import haarqntk as hq
from haarqntk import groups
from haarqntk.algebra import RationalFunction
from haarqntk.groups import GROUPS, REGISTRY, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from haarqntk.groups import Group

PACKAGE = Path(hq.__file__).parent
TREES = {
    file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
    for file in sorted(PACKAGE.rglob("*.py"))
    if file.parent.name != "groups"
}
CONSTRUCTORS = {group.constructor for group in REGISTRY.values()}
# words that also mean a relation of a given matrix, or an input of a circuit
ALSO_ANOTHER_WORD = {"unitary", "symplectic", "state"}
RECORDS = {name for name in groups.__all__ if isinstance(getattr(groups, name), groups.Group)}
PUBLIC_LISTS = {"__init__.py", "haar/__init__.py"}
# the public constructors, what U and psi mean where nothing is declared, and what averages rest on by default
ASK_ONE_RECORD = {
    "haar/_declarations.py",
    "haar/_operations.py",
    "haar/_names.py",
    "designs/_twirl.py",
    "export/_citation.py",
}


def strings_in(tree: ast.AST) -> set[str]:
    return {x.value for x in ast.walk(tree) if isinstance(x, ast.Constant) and isinstance(x.value, str)}


def test_no_file_outside_the_room_holds_the_name_of_a_group() -> None:
    names = ({*REGISTRY, *WEIGHTS} - ALSO_ANOTHER_WORD) | CONSTRUCTORS
    found = {file for file, tree in TREES.items() if strings_in(tree) & names}
    assert found <= PUBLIC_LISTS


def test_no_file_outside_the_room_compares_a_group_with_a_name() -> None:
    """Neither ``x.group == "unitary"`` nor a dictionary of names that is asked for a group."""
    for file, tree in TREES.items():
        assert not set(group_comparisons(tree)), file


def group_comparisons(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Dict):
            sides = [key for key in node.keys if key is not None]
        else:
            continue
        words = set().union(*map(strings_in, sides)) & {*REGISTRY, *WEIGHTS}
        asks = any("group" in ast.unparse(side) for side in sides)
        if (asks and words) or (isinstance(node, ast.Dict) and words - ALSO_ANOTHER_WORD):
            yield ast.unparse(node)


@pytest.mark.parametrize(
    "source",
    [
        'letter.group == "unitary"',
        'x.group in ("orthogonal", "symplectic")',
        '{"unitary": 1, "orthogonal": 2}[x]',
    ],
)
def test_a_planted_comparison_is_found(source: str) -> None:
    assert list(group_comparisons(ast.parse(source)))


def test_five_files_outside_the_room_ask_one_record_by_its_name() -> None:
    found = {
        file
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and RECORDS & {alias.name for alias in node.names}
    }
    assert found == ASK_ONE_RECORD


def test_names_titles_and_constructors_fit_together() -> None:
    assert GROUPS == ("unitary", "orthogonal", "symplectic")
    assert {*REGISTRY, "circular_orthogonal", "real_state", "power_sums"} == set(WEIGHTS)
    for name, group in REGISTRY.items():
        assert group.weight is WEIGHTS[name]
        assert set(group.constructor.split("_")) <= set(group.noun.lower().split())
        assert group.constructor in hq.__all__
        declared = getattr(hq, group.constructor)("X")
        matrix = declared.projector() if group.is_vector else declared
        assert matrix.declared["X"].record is group


@pytest.mark.parametrize("name", REGISTRY)
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_the_rows_of_ways_are_the_ways_of_the_definition(name: str, degree: int) -> None:
    """The arrays of the engine against the routines of the definition."""
    group = REGISTRY[name]
    ways, every = group.ways, group.ways.every(degree)
    num_slots = len(every[0])
    rows = ways.rows(np.ones((num_slots, num_slots), dtype=bool).tolist())
    assert sorted(map(tuple, rows.tolist())) == sorted(every)
    assert len(every) == ways.num_ways(degree) == ways.num_matching(*one_thing(group, num_slots))
    found, defined = Counter[object](), Counter[object]()
    for i, places, numbers, factors in ways.pair_classes(rows, rows):
        listed = np.arange(len(every))[places].tolist()
        for j, number, factor in zip(listed, numbers.tolist(), factors.tolist(), strict=True):
            found[tuple(rows[i]), tuple(rows[j]), ways.class_of(number, degree), factor] += 1
    for left in every:
        for right in every:
            defined.update((left, right, mu, factor) for mu, factor in ways.classes_of_pair(left, right))
    assert found == defined
    assert found.total() == ways.num_terms(degree)


def one_thing(group: Group, num_copies: int) -> tuple[Counter[str], Counter[str]]:
    met = Counter({"x": num_copies} if num_copies else {})
    return met, met if group.ways.is_self_conjugate else met.copy()


@pytest.mark.parametrize("name", REGISTRY)
def test_blocks_cover_every_slot_once(name: str) -> None:
    ways = REGISTRY[name].ways
    for way in ways.every(3):
        num_slots = len(way) if ways.is_self_conjugate else 2 * len(way)
        assert sorted(slot for block in ways.blocks(way) for slot in block) == list(range(num_slots))


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_weight_at_an_integer_is_its_generic_value_where_that_holds(name: str) -> None:
    law = WEIGHTS[name]
    for mu in ((1,), (2,), (1, 1), (2, 1)):
        classes = (mu,) * law.num_classes
        generic = law.generic(classes, RationalFunction.variable("D"))
        for n in range(12, 20, 2):
            assert generic.at({"D": n}) == law.at(classes, n)
