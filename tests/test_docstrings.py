"""Every public name has a docstring with an example that runs, a reference, and its errors.

What a method, a property or a field says is held to the same, but for the reference, which its class gives.
That the examples run is seen by running them; here it is seen that they are there, and run by pytest.
"""

from __future__ import annotations

import builtins
import doctest
import inspect
import re
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

import haarqntk as hq
from haarqntk import errors
from haarqntk.export import bibliography

ROOT = Path(__file__).parent.parent
VALUES = {"D", "L"}  # SymPy symbols: the docstring of the package tells of them


class Documented(NamedTuple):
    """A function, a class, or a member of a class, with what it is called."""

    name: str
    value: Any  # what carries the docstring
    takes_arguments: bool = False
    is_member: bool = False


def _function(value: Any) -> Any:
    """The function behind a method or property, or None for a field."""
    if isinstance(value, property):
        return value.fget
    if isinstance(value, cached_property):
        return value.func
    if isinstance(value, classmethod | staticmethod):
        return value.__func__
    return value if inspect.isfunction(value) else None


def _takes_arguments(function: Any) -> bool:
    return bool({*inspect.signature(function).parameters} - {"self", "cls"})


def public_members(name: str, cls: type) -> list[Documented]:
    """The methods and properties that a class or its bases in haarqntk define, under their first definition."""
    found = []
    for base in (base for base in cls.__mro__ if base.__module__.startswith("haarqntk.")):
        for member, value in vars(base).items():
            function = _function(value)
            if not member.startswith("_") and function is not None:
                found.append(
                    Documented(f"{name}.{member}", function, _takes_arguments(function), is_member=True)
                )
    return found


def documented(prefix: str, names: list[str], home: Any) -> list[Documented]:
    """What must be documented among these names of a module; a module that is public itself, by its own names."""
    found: list[Documented] = []
    for name in names:
        value, path = getattr(home, name), f"{prefix}{name}"
        if inspect.ismodule(value):
            found += documented(f"{path}.", value.__all__, value)
        elif inspect.isclass(value):
            found += [Documented(path, value, "__post_init__" in vars(value))]
            found += public_members(path, value)
        elif callable(value):
            function = inspect.unwrap(value)
            found.append(Documented(path, function, _takes_arguments(function)))
    return found


PUBLIC = documented("", [name for name in hq.__all__ if name not in VALUES], hq)
CLASSES = {item.name: item.value for item in PUBLIC if inspect.isclass(item.value)}


def section(docstring: str, heading: str) -> str:
    """The lines under a heading of a Google docstring; empty if there is none."""
    found = re.search(rf"^{heading}:\n((?:[ ]+.*\n|\n)+)", docstring + "\n", re.MULTILINE)
    return dedent(found[1]).strip() if found else ""


def lacks(item: Documented) -> list[str]:
    """What is missing or wrong in a docstring."""
    docstring = inspect.getdoc(item.value) or ""
    wrong = [] if docstring else ["no docstring"]
    if not doctest.DocTestParser().get_examples(section(docstring, "Examples")):
        wrong.append("no example")
    raised = section(docstring, "Raises")
    if item.takes_arguments and not raised:
        wrong.append("takes arguments and names no error")
    # A line that is not indented begins with the errors: "InputTypeError, InputError: If …".
    heads = [line.split(":")[0] for line in raised.splitlines() if line.strip() and not line.startswith(" ")]
    named = [name for head in heads for name in head.split(", ")]
    unknown = [name for name in named if not hasattr(errors, name) and not hasattr(builtins, name)]
    wrong += [f"names an error {name!r} that there is not" for name in unknown]
    reference = section(docstring, "Reference")
    if not item.is_member and not reference:
        wrong.append("no reference")
    keys = re.findall(r"\b[a-z]+(?:18|19|20)\d\d\b", reference)
    documents = re.findall(r"derivations/[\w.]+\.md", reference)
    if reference and not [*keys, *documents]:
        wrong.append("a reference that names neither a key nor a derivation")
    wrong += [f"unknown key {key}" for key in keys if key not in bibliography()]
    wrong += [f"no document {name}" for name in documents if not (ROOT / name).is_file()]
    return wrong


@pytest.mark.parametrize("item", PUBLIC, ids=lambda item: item.name)
def test_a_public_name_has_an_example_a_reference_and_its_errors(item: Documented) -> None:
    assert lacks(item) == []


@pytest.mark.parametrize("name", CLASSES)
def test_the_fields_of_a_class_are_described(name: str) -> None:
    cls = CLASSES[name]
    fields = [field for field in getattr(cls, "__dataclass_fields__", {}) if not field.startswith("_")]
    docstrings = [
        inspect.getdoc(base) or "" for base in cls.__mro__
    ]  # what a class inherits its base describes
    text = "\n".join(section(doc, heading) for doc in docstrings for heading in ("Attributes", "Args"))
    described = re.findall(r"^(\w+(?:, \w+)*):", text, re.MULTILINE)
    assert sorted({*fields} - {name for names in described for name in names.split(", ")}) == []


@pytest.mark.parametrize("name", sorted(VALUES))
def test_the_docstring_of_the_package_tells_of_the_symbols(name: str) -> None:
    assert f"``hq.{name}``" in (hq.__doc__ or "")


def complete() -> None:
    """A docstring with everything.

    Raises:
        InputError: If it is wrong.

    Examples:
        >>> 1 + 1
        2

    Reference:
        collins2006; derivations/01_weingarten.md.
    """


def wanting(number: int) -> None:
    """A docstring with nothing: >>> is no example here, and Reference: is in a sentence."""
    del number


def wrong() -> None:
    """A docstring with everything wrong.

    Raises:
        InputError, TheError: If it is wrong.

    Examples:
        >>> 1 + 1
        2

    Reference:
        nobody1999; derivations/99_nothing.md.
    """


def test_what_is_missing_is_found() -> None:
    assert lacks(Documented("complete", complete, takes_arguments=True)) == []
    assert lacks(Documented("wanting", wanting, takes_arguments=True)) == [
        "no example",
        "takes arguments and names no error",
        "no reference",
    ]
    assert lacks(Documented("wanting", wanting, is_member=True)) == ["no example"]
    assert lacks(Documented("wrong", wrong)) == [
        "names an error 'TheError' that there is not",
        "unknown key nobody1999",
        "no document derivations/99_nothing.md",
    ]
