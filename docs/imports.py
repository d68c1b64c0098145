"""Who imports whom in the package, read off the source: for the architecture test and the architecture page."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import haarqntk

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(haarqntk.__file__).parent
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def tree_of(file: str) -> ast.Module:
    """The syntax tree of a file of the package."""
    return ast.parse((PACKAGE / file).read_text(encoding="utf-8"))


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Every module or attribute that is imported, as a dotted name; also lazily, by a literal name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in {"LazyModule", "import_module"}:
            for argument in node.args:
                is_literal = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                yield ast.literal_eval(argument) if is_literal else ""  # a name that the source does not show


def _called(node: ast.Call) -> str | None:
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", None)


def files_imported(tree: ast.AST, files: set[str]) -> set[str]:
    """The files of the package that a file imports, also under TYPE_CHECKING, apart from the front of the package."""
    found = set()
    for name in imported_names(tree):
        parts = name.removeprefix("haarqntk.").split(".") if name.startswith("haarqntk.") else []
        places = ["/".join(parts[:i]) for i in range(len(parts), 0, -1)]
        candidates = (f"{place}{end}" for place in places for end in (".py", "/__init__.py"))
        found |= {next((file for file in candidates if file in files), "__init__.py")}
    return found - {"__init__.py"}


def room_of(file: str) -> str:
    """The room of a file; the file's own name if it stands at the root."""
    return PurePosixPath(file).with_suffix("").parts[0]


def room_imports() -> dict[str, set[str]]:
    """Room → the rooms that its files import, without ``errors`` and ``checks``, which are free for all."""
    found: dict[str, set[str]] = {room_of(file): set() for file in FILES if "/" in file}
    for file in FILES:
        if "/" in file:
            found[room_of(file)] |= {room_of(other) for other in files_imported(tree_of(file), {*FILES})}
    return {room: (others & found.keys()) - {room} for room, others in found.items()}
