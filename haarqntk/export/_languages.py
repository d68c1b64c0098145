"""The languages that code is written in: one row each, with the printer of SymPy and the names that it leaves free."""

from __future__ import annotations

import keyword
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def taken_names(language: str, *kinds: str) -> frozenset[str]:
    """The names that mean something already in a language, of these kinds or of every kind."""
    found = _taken_names()[language]
    return frozenset(name for kind in kinds or found for name in found[kind].split())


@lru_cache(maxsize=1)  # the one file
def _taken_names() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("haarqntk.export") / "taken_names.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes:
        title: Its own name.
        printer: The function of SymPy that writes an expression in it; empty where ``_code`` writes functions.
        name: What the names of one's own look like.
        taken: Names of that form that the language has taken.
        comment: A remark, where {} stands.
        several: A list of closed forms, where {} stands.
        has_underscores: Whether a name may hold them.
        cure: What to do about a name that is taken.
    """

    title: str
    printer: str
    name: str
    taken: frozenset[str]
    comment: str = "# {}"
    several: str = "[{}]"
    has_underscores: bool = True
    cure: str = "choose another"

    def is_free(self, name: str) -> bool:
        """Whether a name can be that of a symbol or a function of one's own.

        Examples:
            >>> [LANGUAGES["mathematica"].is_free(name) for name in ("d", "T1", "TrA", "Pi", "D", "a_b")]
            [True, True, True, False, False, False]
            >>> [LANGUAGES["c"].is_free(name) for name in ("kernel_mean", "exp", "_Bool")]
            [True, False, False]
        """
        return bool(re.fullmatch(self.name, name)) and name not in self.taken

    def freed(self, name: str, others: Collection[str] = ()) -> str:
        """The name if it is free and different, else with underscores behind it: lambda is lambda_ in Python."""
        while not self.is_free(name) or name in others:
            name += "_"
        return name

    def made_free(self, name: str) -> str:
        """The name with a small first letter, or an x behind it, where it is taken: D is d, end is endx in Maple."""
        name = name if self.has_underscores else name.replace("_", "")
        if not self.is_free(name):
            name = name[:1].lower() + name[1:]
        return name if self.is_free(name) else f"{name}x"


LANGUAGES = {
    "python": Language("Python", "", r"[A-Za-z_][A-Za-z0-9_]*", frozenset([*keyword.kwlist, "_quotient"])),
    "c": Language("C", "", r"(?!__|_[A-Z])[A-Za-z_][A-Za-z0-9_]*", taken_names("c")),
    # Every name of System` starts with a capital letter or $. Of one letter there are these seven; none is a letter
    # with digits, and none but TTest starts with T or Tr and then a capital letter.
    "mathematica": Language(
        "Mathematica",
        "mathematica_code",
        r"[a-z][A-Za-z0-9]*|[A-Z][0-9]*|(?:Re)?Tr?[A-Z0-9][A-Za-z0-9]*",
        frozenset(["C", "D", "E", "I", "K", "N", "O", "TTest"]),
        comment="(* {} *)",
        several="{{{}}}",
        has_underscores=False,
        cure="start with a small letter",
    ),
    "maple": Language("Maple", "maple_code", r"[A-Za-z][A-Za-z0-9_]*", taken_names("maple")),
}
