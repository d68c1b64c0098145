"""How the symbols of the results are written in LaTeX."""

from __future__ import annotations

import re
from typing import Any

from haarqntk._lazy import LazyModule
from haarqntk._symbols import symbol
from haarqntk.traces import trace_word

sympy = LazyModule("sympy")


def latex_of(expression: Any) -> str:
    """SymPy's LaTeX with the traces of words and the number of inputs written as in the papers."""
    return str(sympy.latex(expression, symbol_names=latex_names(expression)))


def latex_names(expression: Any) -> dict[Any, str]:
    r"""How the symbols of ``expression`` are written where SymPy's own way is not the papers'.

    Examples:
        >>> latex_names(sympy.Symbol("T_O1O2"))
        {T_O1O2: '\\operatorname{Tr}\\left(O_{1} O_{2}\\right)'}
    """
    names = {symbol("n"): r"|A|", symbol("sigma"): r"\sigma"}
    for free in expression.free_symbols:
        if power := re.fullmatch(r"([Xm])([1-9]\d*)", free.name):
            exponent = f"^{{{power[2]}}}" if power[2] != "1" else ""
            names[free] = (
                rf"\operatorname{{Tr}}X{exponent}" if power[1] == "X" else rf"\langle O{exponent}\rangle"
            )
        elif states := re.fullmatch(r"(sigma|Re)_(.+)", free.name):
            letters = states[2].split("_") if "_" in states[2] else list(states[2])
            product = " ".join(r"\rho_{" + letter + "}" for letter in letters)
            names[free] = (
                r"\sigma_{" + " ".join(letters) + "}"
                if states[1] == "sigma"
                else rf"\operatorname{{Re}}\operatorname{{Tr}}({product})"
            )
        elif free.name.startswith("T_") and (word := trace_word(free.name)):
            letters = " ".join(re.sub(r"(\d+)", r"_{\1}", letter) for letter in word)
            names[free] = rf"\operatorname{{Tr}}\left({letters}\right)"
    return {free: name for free, name in names.items() if free in expression.free_symbols}
