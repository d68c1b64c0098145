"""The rules of the house, read off the source: who imports whom, what is forbidden, how long a file may be."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from imports import FILES, PACKAGE, files_imported, imported_names, tree_of
from shell import python

if TYPE_CHECKING:
    from collections.abc import Iterator

EXACT_ROOMS = ("combinatorics", "algebra", "groups", "diagrams", "haar", "designs", "circuits", "qntk")
ROOMS = ("base", *EXACT_ROOMS, "montecarlo", "dynamics", "training", "validation", "export", "studies", "cli")
ROOMS_ABOVE = {room: set(ROOMS[:i]) for i, room in enumerate(ROOMS)}
ROOMS_ABOVE["montecarlo"] = {"base"}  # an oracle shares no code with what it checks
ROOMS_ABOVE["dynamics"] = {"base", *EXACT_ROOMS}
ROOMS_ABOVE["training"] = {"base", "montecarlo"}  # predictions and runs share no code
LOOSE = ("errors", "checks")  # free for all, in this order

DYNAMIC = {"__init__.py", "base/_values.py"}  # import by a name that is computed
FORBIDDEN = {"eval", "exec", "sympify", "parse_expr", "pickle", "__import__"}
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


def import_violations(file: str, tree: ast.AST) -> Iterator[str]:
    place = PurePosixPath(file).with_suffix("").parts[0]
    for name in imported_names(tree):
        root, *rest = name.split(".")
        if root == "flint" and file != "algebra/_flint.py":
            yield f"imports {name}: only algebra/_flint.py knows the backend"
        if not root and file not in DYNAMIC:
            yield f"imports {name}: imports are absolute and can be read"
        if root == "haarqntk" and rest != ["__version__"] and place != "__init__":
            yield from (f"imports {name}: {reason}" for reason in _reasons_against(place, rest))


def _reasons_against(place: str, parts: list[str]) -> Iterator[str]:
    """Why the files of ``place`` may not import haarqntk.<parts>."""
    target = parts[0] if parts else "__init__"
    above = {*LOOSE, *ROOMS_ABOVE[place]} if place in ROOMS else {*LOOSE[: LOOSE.index(place)]}
    if target not in {*ROOMS, *LOOSE}:
        yield "a public name, through the front of the package"
    elif target not in {place, *above}:
        yield f"{target} is not above {place}"
    elif target not in {place, *LOOSE} and any(part.startswith("_") for part in parts[1:]):
        yield "a private file of another room"


def forbidden_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        names: set[str | None] = set()
        if isinstance(node, ast.Name):
            names = {node.id}
        elif isinstance(node, ast.Attribute):
            names = {node.attr}
        elif isinstance(node, ast.alias):
            names = {*node.name.split("."), node.asname}
        elif isinstance(node, ast.Constant) and node.value in FORBIDDEN:
            names = {str(node.value)}
        yield from (f"uses {name}" for name in sorted(n for n in names if n in FORBIDDEN))


def room_front_violations(file: str, tree: ast.Module) -> Iterator[str]:
    """The ``__init__`` of a room: a docstring, imports from its own files, a sorted ``__all__`` of them."""
    room, *rest = PurePosixPath(file).parts
    if rest != ["__init__.py"]:
        return
    docstring, *statements = tree.body
    if ast.get_docstring(tree) is None:
        yield "has no docstring"
        statements = [docstring, *statements]
    imported: list[str] = []
    exported: list[str] | None = None
    for node in statements:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"haarqntk.{room}."):
            imported += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["__all__"]:
            exported = ast.literal_eval(node.value)
        else:
            yield f"line {node.lineno} is neither an import from the room nor __all__"
    if exported is None:
        yield "has no __all__"
        return
    if sorted(exported) != sorted(imported):
        yield f"__all__ and the imports differ in {sorted({*exported} ^ {*imported})}"
    if exported != sorted(exported, key=_export_order):
        yield "__all__ is not sorted: constants, classes, functions"


def _export_order(name: str) -> tuple[int, str]:
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


def size_violations(source: str, tree: ast.AST) -> Iterator[str]:
    if (length := len(source.splitlines())) > LONGEST_FILE:
        yield f"has {length} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _last_line(node) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                length -= _last_line(node.body[0]) - node.body[0].lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{node.name} has {length} lines without its docstring"


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def files_in_circles(imports: dict[str, set[str]]) -> set[str]:
    """The files that import themselves through others."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        new = imports[start]
        while new:
            found |= new
            new = {file for each in new for file in imports[each]} - found
        return found

    return {file for file in imports if file in reached(file)}


def violations(file: str, source: str) -> list[str]:
    tree = ast.parse(source)
    return [
        *import_violations(file, tree),
        *forbidden_names(tree),
        *room_front_violations(file, tree),
        *size_violations(source, tree),
    ]


@pytest.mark.parametrize("file", FILES)
def test_a_file_keeps_the_rules_of_the_house(file: str) -> None:
    assert violations(file, (PACKAGE / file).read_text(encoding="utf-8")) == []


def test_no_files_import_each_other_in_a_circle() -> None:
    imports = {file: files_imported(tree_of(file), {*FILES}) for file in FILES}
    assert "algebra/__init__.py" in imports["qntk/_formula.py"]
    assert files_in_circles(imports) == set()


def test_a_planted_circle_is_found() -> None:
    sources = {
        "a/_x.py": "if TYPE_CHECKING:\n    from haarqntk.a._y import Y",
        "a/_y.py": "def f():\n    from haarqntk.b import z",
        "a/_z.py": "from haarqntk.a import _x\nimport haarqntk.errors",
        "b/__init__.py": "other = LazyModule('haarqntk.a._x')",
        "errors.py": "from haarqntk import __version__",
    }
    imports = {file: files_imported(ast.parse(source), {*sources}) for file, source in sources.items()}
    assert imports["a/_z.py"] == {"a/_x.py", "errors.py"}
    assert files_in_circles(imports) == {"a/_x.py", "a/_y.py", "b/__init__.py"}


def test_every_room_and_file_has_its_place() -> None:
    assert {PurePosixPath(file).parts[0] for file in FILES if "/" in file} == set(ROOMS)
    assert {file for file in FILES if "/" not in file} == {"__init__.py", *(f"{name}.py" for name in LOOSE)}
    assert all(f"{room}/__init__.py" in FILES for room in ROOMS)
    assert all(PurePosixPath(file).name.startswith("_") for file in FILES if "/" in file)


def test_the_tests_mirror_the_rooms() -> None:
    here = Path(__file__).parent
    assert {room for room in ROOMS if list((here / room).glob("test_*.py"))} == {*ROOMS}


LOADED = """
import sys
from importlib import import_module

def load(room):
    import_module(f"haarqntk.{room}")
    for module in [m for name, m in sys.modules.items() if name.startswith("haarqntk.")]:
        for value in list(vars(module).values()):
            name = vars(value).get("_name", "") if type(value).__name__ == "LazyModule" else ""
            if name.startswith("haarqntk."):
                import_module(name)
    return {name.split(".")[1] for name in sys.modules if name.startswith("haarqntk.")}

for room in sys.argv[1:]:
    print(room, *sorted(load(room)))
"""


@pytest.mark.parametrize("rooms", [ROOMS, ("montecarlo",), ("dynamics",), ("training",)], ids=lambda r: r[-1])
def test_a_room_loads_no_room_below_it(rooms: tuple[str, ...]) -> None:
    """What importlib loads, modules that wait for their first use included; the rooms one after the other."""
    lines = python("-c", LOADED, *rooms).stdout.splitlines()
    assert len(lines) == len(rooms)
    for i, (room, *loaded) in enumerate(map(str.split, lines)):
        assert set(loaded) <= {*LOOSE, *rooms[: i + 1], *ROOMS_ABOVE[room]}


LONG_FUNCTION = 'def f():\n    """One line."""\n' + "    x = 1\n" * 60
LONG_DOCSTRING = 'def f():\n    """Many' + "\n    lines" * 60 + '"""\n' + "    x = 1\n" * 59
PLANTED = [
    ("haar/_x.py", "from haarqntk.circuits import Copy", "circuits is not above haar"),
    ("haar/_x.py", "import haarqntk.qntk", "qntk is not above haar"),
    ("algebra/_x.py", "from haarqntk.groups import weingarten", "groups is not above algebra"),
    ("groups/_x.py", "def f():\n    from haarqntk.diagrams import product", "diagrams is not above groups"),
    (
        "diagrams/_x.py",
        "if TYPE_CHECKING:\n    from haarqntk.designs import Twirl",
        "designs is not above diagrams",
    ),
    ("combinatorics/_x.py", "other = LazyModule('haarqntk.algebra')", "algebra is not above combinatorics"),
    ("combinatorics/_x.py", "x = import_module('haarqntk.algebra')", "algebra is not above combinatorics"),
    ("combinatorics/_x.py", "other = LazyModule(name)", "absolute and can be read"),
    ("combinatorics/_x.py", "other = importlib.import_module(name)", "absolute and can be read"),
    ("circuits/_x.py", "from haarqntk.designs._twirl import twirl_weights", "a private file of another room"),
    ("circuits/_x.py", "from haarqntk.designs import _twirl", "a private file of another room"),
    ("cli/_x.py", "from haarqntk.export._latex import latex_table", "a private file of another room"),
    ("qntk/_x.py", "from ..circuits import Copy", "absolute and can be read"),
    ("qntk/_x.py", "from haarqntk import formula", "through the front of the package"),
    ("qntk/_x.py", "import haarqntk as hq", "through the front of the package"),
    ("qntk/_x.py", "from haarqntk.cli import write_report", "cli is not above qntk"),
    ("qntk/_x.py", "from haarqntk.export import json_text", "export is not above qntk"),
    ("export/_x.py", "from haarqntk.studies import study", "studies is not above export"),
    ("montecarlo/_x.py", "from haarqntk.export import json_text", "export is not above montecarlo"),
    ("montecarlo/_x.py", "from haarqntk.combinatorics import S", "combinatorics is not above montecarlo"),
    ("errors.py", "from haarqntk.algebra import RationalFunction", "algebra is not above errors"),
    ("haar/_x.py", "import flint", "only algebra/_flint.py knows the backend"),
    ("algebra/_rational.py", "from flint import fmpz", "only algebra/_flint.py knows the backend"),
    ("cli/_x.py", "value = eval(text)", "uses eval"),
    ("cli/_x.py", "exec(text)", "uses exec"),
    ("cli/_x.py", "value = sympy.sympify(text)", "uses sympify"),
    ("cli/_x.py", "from sympy import sympify as read", "uses sympify"),
    ("cli/_x.py", "from sympy.parsing.sympy_parser import parse_expr", "uses parse_expr"),
    ("montecarlo/_x.py", "import pickle", "uses pickle"),
    ("montecarlo/_x.py", "value = getattr(builtins, 'eval')(text)", "uses eval"),
    ("haar/__init__.py", '"""Room."""\nx = 1\n__all__ = []', "line 2 is neither"),
    ("haar/__init__.py", '"""Room."""\nfrom haarqntk.haar._x import a\n', "has no __all__"),
    ("haar/__init__.py", "from haarqntk.haar._x import a\n__all__ = ['a']", "has no docstring"),
    (
        "haar/__init__.py",
        '"""R."""\nfrom haarqntk.haar._x import a, b\n__all__ = ["b", "a"]',
        "is not sorted",
    ),
    ("haar/__init__.py", '"""R."""\nfrom haarqntk.haar._x import a, b\n__all__ = ["a"]', "differ in ['b']"),
    ("haar/__init__.py", '"""R."""\nfrom haarqntk.algebra import a\n__all__ = ["a"]', "line 2 is neither"),
    ("haar/_x.py", "x = 1\n" * 401, "has 401 lines"),
    ("haar/_x.py", LONG_FUNCTION, "f has 61 lines"),
]
CLEAN = [
    ("circuits/_x.py", "from haarqntk.designs import Dimension\nfrom haarqntk.circuits._terms import Copy"),
    ("export/_x.py", "from haarqntk import __version__\nfrom haarqntk.qntk import Formula"),
    ("montecarlo/_x.py", "from haarqntk.errors import InputError\nfrom haarqntk.checks import integer"),
    ("cli/_x.py", "from haarqntk.montecarlo import simulate\nfrom haarqntk.export import json_text"),
    ("haar/__init__.py", '"""R."""\nfrom haarqntk.haar._x import F, GO, a\n__all__ = ["GO", "F", "a"]'),
    ("haar/_x.py", "x = 1\n" * 400),
    ("haar/_x.py", LONG_DOCSTRING),
]


@pytest.mark.parametrize(("file", "source", "text"), PLANTED)
def test_a_planted_violation_is_found(file: str, source: str, text: str) -> None:
    found = violations(file, source)
    assert any(text in violation for violation in found), found


@pytest.mark.parametrize(("file", "source"), CLEAN)
def test_what_the_house_allows_is_no_violation(file: str, source: str) -> None:
    assert violations(file, source) == []


def test_the_package_depends_on_what_it_imports() -> None:
    """Nothing more: the tools of the tests are in the extra [test]. Dask is an extra of its own."""
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=]", line)[0] for line in project["dependencies"]}
    roots = {name.split(".")[0] for file in FILES for name in imported_names(tree_of(file))}
    names = {"flint": "python-flint"}
    foreign = roots - sys.stdlib_module_names - {"", "haarqntk", "distributed"}
    assert declared == {names.get(root, root) for root in foreign}


def test_the_referee_works_where_hypothesis_is_not_installed() -> None:
    script = """
import sys
sys.modules["hypothesis"] = None
import haarqntk as hq
[getattr(hq, name) for name in hq.__all__]
print(hq.check_claim("kernel_mean", "L*T2/D^2", centred=True).counterexample)
"""
    done = python("-c", script, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "D = 2, L = 1, spectrum (-1, 1): exact 8/9, claimed 1/2\n"
