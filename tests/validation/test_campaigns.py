"""Campaign files: read exactly, refused with file, line and key; the default one covers every formula."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

import haarqntk as hq
from haarqntk.circuits import ENSEMBLES
from haarqntk.errors import HaarqntkError, InputError
from haarqntk.qntk import Formula
from haarqntk.validation import Campaign, load_campaign

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
seed = 1

[[claim]]
formula = "kernel_mean"
D = 4
L = [1, 2]
spectrum = [3, "1/2", 0, -1]
samples = 30_000

[[claim]]
formula = "supervised_kernel_mean"
ensemble = "prl_ansatz"
D = 2
L = 3
spectrum = [[1, -1], [2, 0]]
overlap = "4/5"
samples = 400
"""


def load(tmp_path: Path, text: str) -> Campaign:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return load_campaign(path)


def test_a_campaign_is_read_exactly(tmp_path: Path) -> None:
    campaign = load(tmp_path, GOOD)
    first, second, third = campaign.claims
    assert (campaign.name, campaign.seed) == ("mine", 1)
    assert first.exact == hq.formula("kernel_mean").at(D=4, L=1, spectrum=[3, Fraction(1, 2), 0, -1])
    assert second.exact == 2 * first.exact
    assert [batch.samples for batch in first.batches] == [10_000] * 3
    assert third.problem.ensemble == "prl_ansatz"
    exact = hq.formula("supervised_kernel_mean", ensemble="prl_ansatz")
    assert isinstance(exact, Formula)
    assert third.exact == exact.at(D=2, L=3, spectrum=([1, -1], [2, 0]), overlap=Fraction(4, 5))


def offered(name: str, ensemble: str) -> bool:
    try:
        hq.formula(name, ensemble=ensemble)
    except HaarqntkError:
        return False
    return True


def test_every_formula_in_every_ensemble_is_in_the_default_campaign() -> None:
    pairs = {(name, ensemble) for name in hq.formulas() for ensemble in ENSEMBLES if offered(name, ensemble)}
    claims = load_campaign("default").claims
    assert {(claim.formula, claim.problem.ensemble) for claim in claims} == pairs
    parts = {claim.problem.quantity for claim in claims if claim.formula == "supervised_kernel_eigenvalues"}
    assert len(parts) == 2
    assert {claim.method for claim in claims} == {"batched", "frames", "qutip"}


# What QuTiP alone must see: means to 10 %, second moments and μ, whose laws are wide, to a factor 1.5.
WIDE = {"kernel_second_moment", "kernel_variance", "meta_kernel_mean", "meta_kernel_second_moment"}


def test_every_formula_has_its_rows_by_qutip_alone() -> None:
    claims = [claim for claim in load_campaign("default").claims if claim.method == "qutip"]
    for name in hq.formulas():
        error = Fraction(1, 2) if name in WIDE else Fraction(1, 10)
        dimensions = {c.problem.D for c in claims if (c.formula, c.problem.ensemble) == (name, "segments")}
        assert len(dimensions) > 0, name
        assert all(claim.detected <= error for claim in claims if claim.formula == name), name


REFUSED = {
    "seed = 1 → seed = ": r"is not TOML: Invalid value at line 1, column 8, key 'seed'",
    "seed = 1\n → ": r"line 1, key 'seed': seed is required",
    "seed = 1 → seed = -1": r"line 1, key 'seed': seed must be an integer ≥ 0, got -1",
    "seed = 1 → seed = 1\nbatch = 0": r"line 2, key 'batch': batch must be an integer ≥ 1, got 0",
    "seed = 1 → seed = 1\nname = 3": r"line 2, key 'name': name must be a text, got 3",
    '"kernel_mean" → "kernel_men"': r"line 4, key 'formula': unknown formula 'kernel_men'; did you mean",
    "D = 4 → D = 5": r"line 5, key 'D': D must be even, got 5",
    "D = 4 → ": r"line 3, key 'D': D is required, and is missing",
    "L = [1, 2] → L = [1, 0]": r"line 6, key 'L': L must be an integer ≥ 1, got 0",
    "L = [1, 2] → L = [1, 1]": r"line 4, key 'formula': the claim simulates what the one of line 3 does",
    "[3,  → [3, 4, ": r"line 7, key 'spectrum': spectrum must have D = 4 entries, got 5",
    '"1/2" → 0.5': r"line 7, key 'spectrum': spectrum must be an exact integer or rational, got 0.5; write",
    '"1/2" → "x"': r"line 7, key 'spectrum': spectrum must be an integer or \"p/q\", got 'x'",
    "30_000 → 1": r"line 8, key 'samples': samples must be an integer ≥ 2, got 1",
    "30_000 → 'many'": r"line 8, key 'samples': samples must be an integer ≥ 2, got 'many'",
    "samples = 400 → samples = 10_000_000_000_000": r"line 17, key 'samples': samples must be at most",
    "samples = 400 → sampels = 4": r"line 17, key 'sampels': unknown key 'sampels'; did you mean 'samples'",
    'samples = 400 → samples = 4\nmethod = "qtip"': r"line 18, key 'method': unknown method 'qtip'; did you",
    "samples = 400 → samples = 4\ndetected = 0": r"line 18, key 'detected': detected must be > 0, such as",
    "samples = 400 → samples = 4\ndetected = [1]": r"key 'detected': detected must be an exact integer or rational",
    "samples = 400 → samples = 4\nclaim = 1": r"line 18, key 'claim': claim must be a text such as",
    '"prl_ansatz" → "prl"': r"line 12, key 'ensemble': unknown ensemble 'prl'; known: segments, ",
    'overlap = "4/5" → overlap = 2': r"line 16, key 'overlap': overlap must be from 0 to 1, got 2",
    'overlap = "4/5" → ': r"line 10, key 'overlap': overlap is required by",
}


@pytest.mark.parametrize("change", REFUSED)
def test_a_malformed_campaign_is_refused_with_line_and_key(change: str, tmp_path: Path) -> None:
    old, _, new = change.partition(" → ")
    assert GOOD.count(old) >= 1
    with pytest.raises(InputError, match=REFUSED[change]):
        load(tmp_path, GOOD.replace(old, new, 1))


@pytest.mark.parametrize("mark", ["\u0085", "\u2028", "\u2029"])
def test_lines_are_those_of_toml(mark: str, tmp_path: Path) -> None:
    """str.splitlines breaks at more characters than the newline, all of which a comment may hold."""
    with pytest.raises(InputError, match=r"line 6, key 'D': D must be even, got 5"):
        load(tmp_path, f"# {mark}\n" + GOOD.replace("D = 4", "D = 5", 1))
    with pytest.raises(InputError, match=r"at line 2, column \d+, key 'batch'"):
        load(tmp_path, f"seed = 1 # {mark}\nbatch = \n")


def test_what_is_no_campaign_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"campaign must be a file that can be read, got .*: No such file"):
        load_campaign(tmp_path / "no.toml")
    (tmp_path / "mine.toml").write_bytes(b"seed = 1 # \xff")
    with pytest.raises(InputError, match="byte 11: the campaign must be in UTF-8"):
        load_campaign(tmp_path / "mine.toml")
    with pytest.raises(InputError, match="campaign must have a claim, got none"):
        load(tmp_path, "seed = 1\nclaim = []")
    with pytest.raises(
        InputError, match=r"key 'claim': claims must be tables; write each under a line \[\[claim"
    ):
        load(tmp_path, "seed = 1\nclaim = 3")


def claim_with(tmp_path: Path, text: str) -> Fraction:
    table = GOOD.split("\n[[")[1]
    return load(tmp_path, f'seed = 1\n[[{table}\nclaim = "{text}"').claims[0].exact


def test_a_closed_form_as_text_takes_the_place_of_the_derived_one(tmp_path: Path) -> None:
    T1, T2 = Fraction(5, 2), Fraction(41, 4)
    assert claim_with(tmp_path, "L*T2/D^2") == T2 / 16
    assert claim_with(tmp_path, "2*L*(D*T2 - T1^2)/((D - 1)*(D + 1)^2)") == 2 * (4 * T2 - T1**2) / 75
    assert claim_with(tmp_path, "0") == 0


def test_five_percent_refer_to_the_derived_value_or_to_the_scale(tmp_path: Path) -> None:
    first = load(tmp_path, GOOD).claims[0]
    assert first.size == replace(first, text="0").size == first.exact
    assert replace(first, scale=Fraction(3)).size == 3
    zero = GOOD.replace('"kernel_mean"', '"meta_kernel_mean"\nensemble = "independent_layers"')
    message = "line 3, key 'scale': a value of 0 has no relative error; give scale"
    with pytest.raises(InputError, match=message):
        _ = load(tmp_path, zero).claims[0].size
    assert load(tmp_path, zero.replace("D = 4", 'D = 4\nscale = "1/2"')).claims[0].size == Fraction(1, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sqrt(2)*T2", "line 9, key 'claim': claim must have a rational value, got .*; claim its square"),
        ("L*T7", "line 9, key 'claim': unknown symbol 'T7'"),
        ("L*(", "line 9, key 'claim': claim does not parse"),
    ],
)
def test_a_closed_form_that_has_no_value_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        claim_with(tmp_path, text)


def test_the_key_of_a_claim_depends_on_what_decides_its_numbers_and_on_nothing_else(tmp_path: Path) -> None:
    campaign = load(tmp_path, GOOD)
    first, *rest = campaign.claims
    changed = [first, replace(first, samples=5), replace(first, batch=5), replace(first, method="qutip")]
    keys = {*map(campaign.key, [*changed, *rest]), replace(campaign, seed=2).key(first)}
    assert len(keys) == 5 + len(rest)
    others = replace(campaign, name="other", claims=(*reversed(rest), first))
    assert others.key(first) == campaign.key(first)
    assert campaign.key(replace(first, text="L", detected=Fraction(1, 2))) == campaign.key(first)
