"""Which commands of LaTeX are letters, and which mean something else: one list for every export."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import accumulate

_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda mu nu xi pi varpi "
    "varrho sigma varsigma tau upsilon phi varphi chi psi omega digamma "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega "
    "varGamma varDelta varTheta varLambda varXi varPi varSigma varUpsilon varPhi varPsi varOmega"
)
_OTHERS = (
    "ell hbar hslash imath jmath wp Re Im aleph beth gimel daleth eth Bbbk partial nabla complement Finv mho"
)
# Not \rho, which the exports write for a state.
LETTERS = frozenset(f"{_GREEK} {_OTHERS}".split())


# What the notations and definitions of the library are made of, beside letters: none of it reads or defines anything.
_MARKS = (
    "operatorname mathbb mathrm overline left right langle rangle lvert rvert sum prod frac sqrt quad qquad text "
    "texttt cdot times ldots dagger rho"
)
_MATHEMATICS = LETTERS | frozenset(_MARKS.split())
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


def is_letter(command: str) -> bool:
    r"""Whether a command is one letter in mathematics.

    Examples:
        >>> is_letter(r"\ell"), is_letter(r"\hat"), is_letter(r"\myletter")
        (True, False, False)
    """
    return command.removeprefix("\\") in LETTERS


def is_known(command: str) -> bool:
    r"""Whether LaTeX, amsmath or amssymb has given the command a meaning.

    Examples:
        >>> is_known(r"\hat"), is_known(r"\tr")
        (True, False)
    """
    return command.removeprefix("\\") in _known()


@cache
def _known() -> frozenset[str]:
    text = (files("haarqntk.export") / "latex_commands.txt").read_text(encoding="utf-8")
    return frozenset(name for line in text.splitlines() if not line.startswith("#") for name in line.split())
