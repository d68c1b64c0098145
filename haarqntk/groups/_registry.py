"""The registry: one line for each random matrix or vector that an integrand can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk._arguments import one_of
from haarqntk.groups._orthogonal import ORTHOGONAL
from haarqntk.groups._permutation import PERMUTATION
from haarqntk.groups._state import STATE
from haarqntk.groups._symplectic import SYMPLECTIC
from haarqntk.groups._unitary import UNITARY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.groups._group import Group, WeightLaw, Weingarten

REGISTRY: Mapping[str, Group] = {
    group.name: group
    for group in (
        UNITARY,
        ORTHOGONAL,
        SYMPLECTIC,
        STATE,
        PERMUTATION,
    )
}
"""Name → record."""

_WEINGARTEN = {name: group.weingarten for name, group in REGISTRY.items() if group.weingarten}

GROUPS = tuple(_WEINGARTEN)
"""The names of the groups that have a Weingarten function."""

WEIGHTS: Mapping[str, WeightLaw] = {
    law.name: law
    for field in ("weight", "circular", "sphere", "power_sums")
    for group in REGISTRY.values()
    if (law := getattr(group, field)) and not (group.is_vector and field == "weight")
}
"""Name → what a weight of that name is."""


def routes_of(group: str) -> Weingarten:
    """How the Weingarten function of that group is computed.

    Raises:
        UnknownNameError: If the group is unknown.
    """
    return _WEINGARTEN[one_of("group", group, GROUPS)]
