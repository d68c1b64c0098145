r"""Names: what each language leaves free for symbols, and the author's letters and macros in LaTeX."""

from __future__ import annotations

import keyword
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate, count, islice
from typing import TYPE_CHECKING

from haarqntk.algebra import Notation, Trace, read_symbol
from haarqntk.base import LazyModule
from haarqntk.errors import InputError, InputTypeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from haarqntk.export._values import Quotient

sympy = LazyModule("sympy")


def taken_names(language: str, *kinds: str) -> frozenset[str]:
    """The names that mean something already in a language, of these kinds or of every kind."""
    found = _taken_names()[language]
    return frozenset(name for kind in kinds or found for name in found[kind].split())


@lru_cache(maxsize=1)  # the one file
def _taken_names() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("haarqntk.export") / "taken_names.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Language:
    """A language that code is written in."""

    title: str
    printer: (
        str  # the function of SymPy that writes an expression in it; empty where ``_code`` writes functions
    )
    name: str  # what the names of one's own look like
    taken: frozenset[str]  # names of that form that the language has taken
    comment: str = "# {}"
    several: str = "[{}]"  # a list of closed forms
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

    def names_of(self, plain: Mapping[str, str], given: Mapping[str, str] | None = None) -> dict[str, str]:
        """Symbol → its name here: the one that is given, else the plain one, changed where it is taken or another's.

        Functions have underscores behind such a name; D is d in Maple, end is endx, and a second d is dx1.

        Raises:
            InputError: If a name is not free, as what begins with an underscore, is of no symbol, or given twice.
        """
        given, found = given or {}, dict[str, str]()
        if unknown := [name for name in given if name not in plain]:
            raise InputError(
                f"names must be of symbols that occur, got {unknown[0]!r}; known: {', '.join(plain)}"
            )
        for symbol, name in plain.items():
            others = {*found.values(), *(other for key, other in plain.items() if key != symbol)}
            variants = islice(self._variants(name), 2 * len(plain) + 1)  # more than there are others
            free = (x for x in variants if self.is_free(x) and (x == symbol or x not in others))
            found[symbol] = given[symbol] if symbol in given else next(free, name)
            if not self.is_free(found[symbol]):
                raise InputError(
                    f"names[{symbol}] must be an identifier that {self.title} leaves free, got {found[symbol]!r}; "
                    f"{self.cure}"
                )
        if twice := [name for name in found.values() if list(found.values()).count(name) > 1]:
            raise InputError(
                f"names must tell symbols apart, got {twice[0]!r} twice; pass names= with others"
            )
        return found

    def _variants(self, name: str) -> Iterator[str]:
        if not self.printer:
            yield from (name + "_" * i for i in count())  # without end
        name = name if self.has_underscores else name.replace("_", "")
        small = name[:1].lower() + name[1:]
        base = next(filter(self.is_free, (name, small)), f"{small}x")
        yield base
        yield from (f"{base}x{i}" for i in count(1))


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
"""Name, as on the command line → language; what SymPy prints for it is one of the formats as it stands."""

# -- LaTeX: letters and macros of an author -----------------------------------------------------------

LETTERS = taken_names("latex", "letters")
_KNOWN = taken_names("latex")  # to LaTeX, amsmath or amssymb
_MATHEMATICS = taken_names("latex", "letters", "marks")
_OPERATORS = ("Tr", "Re")
_PAPERS = ("D", "L", "O")  # letters that a document may rename although not every formula has them
_MACRO = re.compile(r"\\[A-Za-z]+")
_LETTER = re.compile(r"([A-Za-z]|\\[A-Za-z]+)(?:_(?:([A-Za-z0-9])|\{([A-Za-z0-9]+)\}))?")
_POWER = re.compile(r"(.*)\^\{\d+\}", re.DOTALL)
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)|([,;:! _{}|]))")
_PLAIN = re.compile(r"(?:(?!\^\^)[^\\%$#&~\x00-\x1f\x7f])*")


def is_mathematics(text: str) -> bool:
    r"""Whether a text is one formula of letters and marks of mathematics, which can stand in any document.

    Examples:
        >>> is_mathematics(r"\overline{K}"), is_mathematics(r"\input{/etc/passwd}"), is_mathematics("x}")
        (True, False, False)
    """
    commands = (found[1] for found in _COMMAND.finditer(text) if found[1])
    rest = _COMMAND.sub(" ", text)
    depths = list(accumulate((mark == "{") - (mark == "}") for mark in rest))
    is_balanced = not depths or (min(depths) >= 0 and depths[-1] == 0)
    return (
        all(command in _MATHEMATICS for command in commands) and bool(_PLAIN.fullmatch(rest)) and is_balanced
    )


def notation_of(names: object, macros: object, parts: Sequence[Quotient]) -> Notation:
    """The notation that the author of some closed forms asks for, checked; ``names`` and ``macros`` as in ``latex``."""
    symbols = list(dict.fromkeys(name for part in parts for name in part.symbols))
    own = {letter for part in parts for letter in part.letters}
    known = {*symbols, *own} if own else {*symbols, *_letters(symbols), *_PAPERS}
    chosen = {}
    for name, text in mapping_of_texts("names", names).items():
        if name not in known:
            raise UnknownNameError.among("symbol in names", name, sorted(known))
        match = _LETTER.fullmatch(text)
        if not match:
            raise InputError(
                f"names[{name}] must be a letter or a command, perhaps with an index, such as d_1, got {text!r}"
            )
        base, index = match[1], match[2] or match[3]
        chosen[name] = f"{base}_{{{index}}}" if index else base
        _refuse_reserved(f"names[{name}]", base)
    commands = mapping_of_texts("macros", macros)
    for name, text in commands.items():
        if name not in _OPERATORS:
            raise UnknownNameError.among("operator in macros", name, _OPERATORS)
        if not _MACRO.fullmatch(text):
            raise InputError(
                rf"macros[{name}] must be a command, a backslash and letters, such as \tr, got {text!r}"
            )
        _refuse_reserved(f"macros[{name}]", text)
    standard = Notation()
    written = Notation(
        chosen,
        commands.get("Tr", standard.trace),
        commands.get("Re", standard.real_part),
        writes_traces_out="Tr" in commands or "O" in chosen,
    )
    spelled = {name: text for part in parts for name, text in part.spelled(written).items()}
    written = replace(written, names={**spelled, **chosen})
    _refuse_lookalikes(written, symbols, own)
    return written


def _refuse_reserved(argument: str, command: str) -> None:
    """A letter, a letter of LaTeX, or a command of the author's."""
    if command.startswith("\\") and command[1:] not in LETTERS and command[1:] in _KNOWN:
        raise InputError(f"{argument} must be a letter of its own, got LaTeX's {command}; choose another")


def _refuse_lookalikes(written: Notation, symbols: list[str], letters: Iterable[str]) -> None:
    """No two of what is written have one text, and none is the power of another: x__2 is set as x with a 2 above."""
    texts = {name: written.symbol(name) for name in symbols}
    for name in sorted(letters):
        texts[f"the matrix {name}"] = written.names.get(name) or sympy.latex(sympy.Symbol(name))
    spelled = [name for name in symbols if written.writes_traces_out or not _is_power(name)]
    texts |= {f"the letter {name}": written.letter(name) for name in sorted(_letters(spelled))}
    texts |= {"the macro for Tr": written.trace, "the macro for Re": written.real_part}
    seen: dict[str, str] = {}
    for name, text in texts.items():
        if text in seen:
            raise InputError(
                f"names must tell symbols apart, got {text!r} for {seen[text]} and for {name}; choose another"
            )
        seen[text] = name
    for text, name in seen.items():
        if (power := _POWER.fullmatch(text)) and power[1] in seen:
            raise InputError(
                f"names must tell symbols apart, got {text!r} for {name}, a power of {seen[power[1]]}; choose another"
            )


def _letters(symbols: Iterable[str]) -> set[str]:
    """The letters under the traces of the formula."""
    return {letter for name in symbols for kind, letter in read_symbol(name).word if kind != "state"}


def _is_power(name: str) -> bool:
    found = read_symbol(name)
    return isinstance(found, Trace) and found.is_power


def mapping_of_texts(argument: str, value: object, kind: str = "LaTeX") -> dict[str, str]:
    """Names to texts, checked; nothing from nothing."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputTypeError(f"{argument} must map names to {kind}, got {value!r}")
    for name, text in value.items():
        if not isinstance(text, str):
            raise InputTypeError(f"{argument}[{name}] must be a text, got {text!r}")
    return {str(name): text for name, text in value.items()}


def pairs(option: str, text: str | None) -> dict[str, str]:
    r"""The mapping that a command line's ``D=d,O=H`` means.

    Raises:
        InputError: If a part is no pair, or a name stands twice.

    Examples:
        >>> pairs("--names", "D=d, O=H")
        {'D': 'd', 'O': 'H'}
    """
    found: dict[str, str] = {}
    for part in text.split(",") if text else []:
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not (name and sign and value):
            raise InputError(f"{option} must be pairs with commas, such as D=d,O=H, got {text!r}")
        if name in found:
            raise InputError(f"{option} must name each symbol once, got {name} twice in {text!r}")
        found[name] = value
    return found
