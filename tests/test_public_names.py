"""The public names: all there, loaded at first use, and none hidden by a room of the same name."""

from __future__ import annotations

import pytest
from shell import python

import haarqntk as hq


@pytest.mark.parametrize("name", hq.__all__)
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(hq, name) is not None
    assert name in dir(hq)


def test_an_unknown_attribute_is_refused_by_name() -> None:
    with pytest.raises(AttributeError, match="module 'haarqntk' has no attribute 'wiengarten'"):
        _ = hq.wiengarten  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "script",
    [
        "import haarqntk as hq; hq.weingarten((2,))",
        "import haarqntk as hq; hq.formula('kernel_mean'); hq.weingarten((2,))",
        "import haarqntk as hq; import haarqntk.groups; hq.weingarten((2,))",
        "import haarqntk as hq; hq.weingarten((2,)); import haarqntk.circuits; hq.weingarten((2,))",
        "from haarqntk import weingarten; weingarten((2,)); from haarqntk import weingarten; weingarten((2,))",
        "import haarqntk.qntk; from haarqntk import weingarten; weingarten((2,))",
    ],
)
def test_the_function_weingarten_is_not_hidden_by_its_room(script: str) -> None:
    python("-c", script)


def test_importing_the_package_loads_no_heavy_library() -> None:
    script = "import sys, haarqntk; print(*sys.modules)"
    loaded = set(python("-c", script).stdout.split())
    assert "haarqntk" in loaded
    assert not {"sympy", "qutip", "numpy", "flint", "matplotlib"} & loaded


def test_symbols_carry_their_assumptions() -> None:
    assert hq.D.is_integer
    assert hq.D.is_positive
    assert hq.L.is_integer
    assert hq.T(3).is_real
    assert hq.T(3).name == "T3"
    assert hq.D == hq.D
