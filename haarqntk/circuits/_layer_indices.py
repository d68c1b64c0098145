"""Layer indices: letters for layers, and the check of every name that a user gives."""

from __future__ import annotations

import re
from dataclasses import dataclass

from haarqntk._notebook import Shown
from haarqntk.circuits._written import index_latex
from haarqntk.errors import InputError, InputTypeError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True, slots=True)
class LayerIndex(Shown):
    """A letter for a layer, 1 … L; two different letters may stand for the same layer.

    Args:
        name: An identifier of letters and digits.

    Raises:
        InputError: If the name is no identifier.

    Examples:
        >>> import haarqntk as hq
        >>> l = hq.LayerIndex("l")
        >>> hq.sum_over(hq.Circuit().output().d(l) ** 2, l)
        Expression(sum(d(l)*d(l), l))

    Reference:
        derivations/02_the_walk.md.
    """

    name: str

    def __post_init__(self) -> None:
        check_name("layer index", self.name)

    def latex(self) -> str:
        r"""Its range in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.LayerIndex("l").latex())
            l \in \left\{1, \dots, L\right\}
        """
        return rf"{index_latex(self.name)} \in \left\{{1, \dots, L\right\}}"


def layer_indices(names: str) -> tuple[LayerIndex, ...]:
    """Letters for layers, from names separated by spaces.

    Args:
        names: Identifiers such as "l m"; each may occur once.

    Returns:
        One index for each name, in that order.

    Raises:
        InputError: If a name is no identifier or occurs twice.

    Examples:
        >>> layer_indices("l m")
        (LayerIndex(name='l'), LayerIndex(name='m'))

    Reference:
        derivations/02_the_walk.md.
    """
    if not isinstance(names, str):
        raise InputTypeError(f"names must be a text such as 'l m', got {names!r}")
    listed = names.split()
    repeated = sorted({name for name in listed if listed.count(name) > 1})
    if repeated or not listed:
        raise InputError(f"names must list different layer indices, got {names!r}; write for example 'l m'")
    return tuple(LayerIndex(name) for name in listed)


def check_name(kind: str, name: object) -> str:
    """Check an identifier that a user gives to a layer index or a state."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(f"{kind} must be a name of letters and digits, got {name!r}")
    return name
