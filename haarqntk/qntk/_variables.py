"""The random variables of the papers, with their letters: outputs, the kernels K and K₁₂, the meta-kernel μ.

With e = z − O_0, g_l = ∂_l e and h_lm = ∂_l ∂_m e: K = Σ_l g_l², μ = Σ_lm h_lm g_l g_m, and for several inputs and
observables K^{ij}_{δδ'} = Σ_l ∂_l z_i(δ) ∂_l z_j(δ').

Reference: liu2023, Eqs. (5), (6), (9), (12), (14), (15), (17).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from haarqntk.circuits import layer_indices, sum_over

if TYPE_CHECKING:
    from haarqntk.circuits import Circuit, Expression

_EXPONENTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Variable:
    r"""A random variable of a circuit, with a letter as text and in LaTeX, or written out.

    Examples:
        >>> from haarqntk.circuits import Circuit
        >>> z = variables_of(Circuit()).z
        >>> (z**2).symbol, Variable(z.expression).symbol
        (('E[z²]', '\\mathbb{E}[z^2]'), ('E[z]', '\\texttt{E[z]}'))
    """

    expression: Expression
    letter: tuple[str, str] | None = None

    @property
    def body(self) -> str:
        """The variable written out."""
        return repr(self.expression).removeprefix("Expression(").removesuffix(")")

    @property
    def symbol(self) -> tuple[str, str]:
        """The letter for its mean; the mean written out if it has no letter."""
        if self.letter is None:
            return f"E[{self.body}]", typewriter(f"E[{self.body}]")
        text, latex = self.letter
        return f"E[{text}]", rf"\mathbb{{E}}[{latex}]"

    def __mul__(self, other: Variable) -> Variable:
        letter = None
        if self.letter is not None and other.letter is not None:
            (a, b), (x, y) = zip(self.letter, other.letter, strict=True)
            letter = (f"{a} {b}", rf"{x}\, {y}")
        return Variable(self.expression * other.expression, letter)

    def __pow__(self, exponent: int) -> Variable:
        if exponent == 1:
            return self
        letter = None
        if self.letter is not None:
            text, latex = self.letter
            base = f"({latex})" if "^" in latex else latex
            letter = (f"{text}{str(exponent).translate(_EXPONENTS)}", f"{base}^{exponent}")
        return Variable(self.expression**exponent, letter)


class Variables(NamedTuple):
    """The random variables of one circuit: output, kernel, meta-kernel; the kernel of two observables and inputs."""

    z: Variable
    K: Variable
    mu: Variable
    K12: Variable


def variables_of(circuit: Circuit) -> Variables:
    """The random variables of a circuit, as the papers define them."""
    l, m = layer_indices("l m")
    z, e = circuit.output(), circuit.residual()
    first, second = (circuit.output(observable=f"O{i}", state=state) for i, state in enumerate("ab", start=1))
    return Variables(
        Variable(z, ("z", "z")),
        Variable(sum_over(e.d(l) ** 2, l), ("K", "K")),
        Variable(sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m), ("μ", r"\mu")),
        Variable(sum_over(first.d(l) * second.d(l), l), ("K₁₂", "K^{12}")),
    )


def typewriter(text: str) -> str:
    """Text as it stands, in LaTeX."""
    escaped = text.replace("_", r"\_")
    return rf"\texttt{{{escaped}}}"
