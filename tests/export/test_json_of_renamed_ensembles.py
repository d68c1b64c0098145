"""JSON saved when prl_ansatz had a Haar block on the input side is not read under the meaning of today."""

from __future__ import annotations

import json
from typing import Any

import pytest

import haarqntk as hq
from haarqntk.errors import InputError
from haarqntk.export import from_json, to_json

OLD = "even D ≥ 2"  # the range that every version wrote while prl_ansatz had a Haar block on the input side


def as_saved_before(value: Any) -> Any:
    """The JSON of a formula with the block, under the name that it had then."""
    data = json.loads(to_json(value).replace("prl_ansatz_with_input_block", "prl_ansatz"))
    return replace_ranges(data)


def replace_ranges(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: OLD if key == "range" else replace_ranges(each) for key, each in data.items()}
    return [replace_ranges(each) for each in data] if isinstance(data, list) else data


Z_OF_BLOCK = hq.Circuit(ensemble="prl_ansatz_with_input_block").output()
VARIANCE: Any = hq.formula("kernel_variance", ensemble="prl_ansatz_with_input_block")
MEAN: Any = hq.formula("kernel_mean", ensemble="prl_ansatz_with_input_block")
(LAYER,) = hq.layer_indices("l")
BLOCKED: dict[str, Any] = {
    name: hq.formula(name, ensemble="prl_ansatz_with_input_block")
    for name in ("kernel_second_moment", "kernel_variance", "meta_kernel_second_moment")
} | {
    "moment": hq.variance(hq.sum_over(Z_OF_BLOCK.d(LAYER) ** 2, LAYER)),
    "ratio": VARIANCE / MEAN**2,
}


@pytest.mark.parametrize("name", BLOCKED)
def test_formulas_saved_when_prl_ansatz_had_an_input_block_are_refused_with_the_other_name(name: str) -> None:
    text = json.dumps(as_saved_before(BLOCKED[name]))
    for each in (text, f"[{text}]"):
        with pytest.raises(InputError, match="prl_ansatz_with_input_block") as refused:
            from_json(each)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["gradient_variance", "kernel_mean", "meta_kernel_mean", "supervised_kernel_mean"]
)
def test_formulas_that_do_not_see_the_block_are_read_whenever_they_were_saved(name: str) -> None:
    now = hq.formula(name, ensemble="prl_ansatz")
    saved = as_saved_before(hq.formula(name, ensemble="prl_ansatz_with_input_block"))
    assert from_json(json.dumps(saved)) == now
    assert from_json(to_json(now)) == now
    moment = hq.mean(hq.Circuit(ensemble="prl_ansatz").output() ** 2)
    assert from_json(to_json(moment)) == moment


def test_verdicts_saved_when_prl_ansatz_had_an_input_block_are_refused() -> None:
    check = hq.check_claim("kernel_variance", "L", ensemble="prl_ansatz_with_input_block")
    with pytest.raises(InputError, match="prl_ansatz_with_input_block"):
        from_json(json.dumps(as_saved_before(check)))
    unseen = hq.check_claim("kernel_mean", "L", ensemble="prl_ansatz")
    assert from_json(to_json(unseen)) == unseen
