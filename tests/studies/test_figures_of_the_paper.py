"""The figures of the letter, small: numbers against exact values, captions against numbers, files."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import haarqntk as hq
from haarqntk.base import SEED
from haarqntk.errors import CostError, InputError, OutputError
from haarqntk.montecarlo import PauliSum, fresh_kernels, jackknife, random_ansatz, random_pauli_sum
from haarqntk.qntk import closed_form
from haarqntk.studies import Study, figures, run_study, write_study
from haarqntk.studies import _letter as fluctuation
from haarqntk.studies import _letter_rates as rates

if TYPE_CHECKING:
    from pathlib import Path

    from haarqntk.export import PaperFigure

OBSERVABLE = random_pauli_sum(4, np.random.default_rng(3))
STRING = PauliSum((2.0,), ("XZIY",))


def drawn(study: Study) -> PaperFigure:
    shares: list[float] = []
    figure = study.figure(run_study(study, progress=shares.append))
    assert sum(shares) == pytest.approx(1)
    return figure


@pytest.fixture(scope="module")
def small() -> dict[int, PaperFigure]:
    return {
        1: drawn(figures(samples=60)[1]),
        2: drawn(rates.DescentFigure(instances=12, steps=20)),
        3: drawn(figures(instances=20)[3]),
    }


def test_exact_values_of_one_pauli_string_are_those_of_the_formulas() -> None:
    law = fluctuation.exact_fluctuation(STRING, 6)
    at: dict[str, Any] = {"D": 16, "L": 6, "spectrum": [2, -2] * 8}
    mean = float(closed_form("kernel_mean", "segments").at(**at))
    assert law["exact_mean"] == pytest.approx(mean * 255 / 256)  # silent with probability 1/D²
    assert law["published_mean"] == pytest.approx(6 * 64 / 256)  # L T2/D², T2 = 64
    assert law["published_ratio"] == pytest.approx(math.sqrt((8 + 12 / 16) / 6))
    independent = closed_form("kernel_variance", "independent_layers").at(**at)
    assert law["independent_layers_ratio"] == pytest.approx(math.sqrt(independent) / mean)


def test_laws_do_not_see_a_constant_in_the_observable() -> None:
    shifted = PauliSum((*OBSERVABLE.coefficients, 0.7), (*OBSERVABLE.strings, "IIII"))
    assert fluctuation.exact_fluctuation(shifted, 5) == pytest.approx(
        fluctuation.exact_fluctuation(OBSERVABLE, 5)
    )
    assert fluctuation.floor(shifted) == pytest.approx(fluctuation.floor(OBSERVABLE))
    assert rates.exact_eigenvalues(shifted)["published"] == pytest.approx(
        rates.exact_eigenvalues(OBSERVABLE)["published"]
    )


def test_the_floor_is_the_limit_of_the_exact_ratio() -> None:
    limit = fluctuation.floor(OBSERVABLE)
    excess = [fluctuation.exact_fluctuation(OBSERVABLE, L)["exact_ratio"] - limit for L in (10**3, 10**4)]
    assert 9.5 < excess[0] / excess[1] < 10.5  # 1/L


@pytest.mark.parametrize("L", [1, 3])
def test_the_exact_ratio_is_that_of_the_circuit_without_an_input_block(L: int) -> None:
    observable = random_pauli_sum(1, np.random.default_rng(1))
    exact = fluctuation.exact_fluctuation(observable, L)["exact_ratio"]

    def z_score(*, has_input_block: bool) -> float:
        rng = np.random.default_rng(L)
        K, _ = fresh_kernels(
            observable, 1, depths=[L, L + 2], count=12_000, rng=rng, has_input_block=has_input_block
        )
        sets = K[:, 0, 0].reshape(-1, 100)  # the error from sets: the jackknife over all would be quadratic
        value, error = jackknife(sets, lambda x: fluctuation.relative_fluctuation(x.ravel()))
        return (value - exact) / error

    assert abs(z_score(has_input_block=False)) < 4
    if L == 1:
        assert abs(z_score(has_input_block=True)) > 6


def test_the_exact_rate_is_the_published_one_times_2d_over_d_plus_1() -> None:
    observable = random_pauli_sum(2, np.random.default_rng(2))
    predicted = rates.predicted_rates(observable, target=0.0)
    assert predicted["exact"] / predicted["published"] == pytest.approx(8 / 5)


def test_the_first_rate_of_a_symmetric_spectrum_is_that_of_the_mean_kernel() -> None:
    predicted = rates.predicted_rates(PauliSum((1.0, 0.5), ("XZ", "ZX")), target=-0.5)
    assert predicted["exact_start"] == pytest.approx(predicted["exact"])


def test_the_target_is_within_reach() -> None:
    for seed in range(20):
        observable = random_pauli_sum(2, np.random.default_rng(seed))
        eigenvalues, _ = observable.eigensystem
        assert eigenvalues[0] <= rates.halfway_target(observable) <= eigenvalues.mean()


def test_the_published_eigenvalue_is_the_formula_and_the_exact_one_has_silent_layers() -> None:
    laws = rates.exact_eigenvalues(OBSERVABLE)
    segments = hq.formula("supervised_kernel_eigenvalues")
    assert isinstance(segments, hq.EigenvalueFormula)
    exact = [
        float(segments.uniform.at(D=16, L=64, num_inputs=n, observable=OBSERVABLE.matrix))
        for n in range(2, 11)
    ]
    assert laws["published"] == pytest.approx(exact)
    assert laws["lowest"] == pytest.approx([value * 255 / 256 for value in exact])


def test_fig_1_agrees_with_the_exact_curve(small: dict[int, PaperFigure]) -> None:
    data = json.loads(small[1].json())
    fresh = data["simulated"]["fresh"]
    assert fresh["L"] == list(fluctuation.FluctuationFigure.depths)
    for place, L in enumerate(fresh["L"]):
        at = data["laws"]["L"].index(L)
        for name in ("ratio", "mean"):
            value, error = fresh[name][place]
            assert abs(value - data["laws"][f"exact_{name}"][at]) < 4 * error


def test_fig_2_starts_at_the_exact_rate(small: dict[int, PaperFigure]) -> None:
    data = json.loads(small[2].json())
    for measured, predicted in (("kernel", "exact"), ("start", "exact_start")):
        value, error = data["measured"][measured]
        assert abs(value - data["predicted"][predicted]) < 4 * error
    assert data["t"] == [0, 10, 20]
    assert np.mean(data["residuals"], axis=0) == pytest.approx(data["mean_residual"])


def test_fig_3_lies_on_the_exact_lines(small: dict[int, PaperFigure]) -> None:
    data = json.loads(small[3].json())
    for series in ("fixed", "fresh"):
        for name, law in (("uniform", "lowest"), ("other", "other")):
            values, errors = np.array(data["simulated"][f"{series}_{name}"]).T
            assert (np.abs(values - data["laws"][law]) < 4 * errors).all()
        single, together = (
            np.array(data["simulated"][f"{series}_{name}"])[:, 0]
            for name in ("mean_lowest", "lowest_of_mean")
        )
        assert (single < together).all()  # λ_min is concave


def test_a_figure_depends_on_its_seed_alone(small: dict[int, PaperFigure]) -> None:
    again, other = (drawn(figures(instances=20, seed=seed)[3]) for seed in (SEED, 1))
    assert (again.svg(), again.pdf(), again.json()) == (small[3].svg(), small[3].pdf(), small[3].json())
    assert other.json() != again.json()


def test_a_circuit_without_a_gradient_has_no_ratio() -> None:
    seed = next(
        seed
        for seed in range(200)  # P_1 turns the input |0000⟩ by a phase with probability 1/16
        if set(random_ansatz(4, 5, np.random.default_rng([seed, 1])).strings[0]) <= {"I", "Z"}
    )
    figure = drawn(fluctuation.FluctuationFigure(seed=seed, samples=20, depths=(1, 2, 5)))
    assert json.loads(figure.json())["simulated"]["fixed"]["L"] == [2, 5]
    assert (
        figure.choices[-1]
        == "The one circuit has no gradient at L = 1, at any angle, and hence no ratio there."
    )


def test_captions_hold_the_numbers_and_the_choices_the_seed(small: dict[int, PaperFigure]) -> None:
    for figure in small.values():
        assert figure.choices[0].startswith(f"Seed {SEED}:")
        assert json.loads(figure.json())["caption"] == figure.caption
    assert f"has the floor {json.loads(small[1].json())['floor']:.3f}" in small[1].caption
    assert "1.60 times the published one" in small[2].caption
    assert "The eigenvalue line is seen" in small[3].caption


def caption_of_fig_1(law_of_points: str, error: float) -> str:
    """The caption of Fig. 1 for points that lie on a law."""
    depths = fluctuation.FluctuationFigure.depths
    laws: dict[str, Any] = {"L": list(depths)}
    for law in (fluctuation.exact_fluctuation(OBSERVABLE, L) for L in depths):
        for name, value in law.items():
            laws.setdefault(name, []).append(value)
    estimates, means = ([(value, error) for value in laws[name]] for name in (law_of_points, "exact_mean"))
    series = {"L": laws["L"], "ratio": estimates, "mean": means}
    simulated = {"fixed": series, "fresh": series}
    return fluctuation.fluctuation_caption(laws, simulated, fluctuation.floor(OBSERVABLE))


def test_the_caption_of_fig_1_says_what_the_points_show() -> None:
    assert "which they confirm" in caption_of_fig_1("exact_ratio", 0.005)
    assert "What makes it is seen" in caption_of_fig_1("exact_ratio", 0.005)
    assert "It is not seen in these samples" in caption_of_fig_1("exact_ratio", 0.5)
    on_the_law = caption_of_fig_1("independent_layers_ratio", 0.005)
    assert "which they do not confirm" in on_the_law
    assert "It is not seen in these samples" in on_the_law


def test_the_caption_of_fig_2_says_what_the_runs_show() -> None:
    predicted = {"published": 0.004, "exact": 0.0064, "exact_start": 0.0065}
    measured = dict.fromkeys(("start", "fluctuation", "kernel_change", "left_frozen"), (0.0065, 0.001))
    slow = measured | {"kernel": (0.0063, 0.0002), "left": (0.05, 0.01)}
    frozen = measured | {"kernel": (0.004, 0.0002), "left": (0.0016, 0.001)}
    assert "the factor is seen" in rates.descent_caption(predicted, slow, 1000)
    assert "The tail is slower" in rates.descent_caption(predicted, slow, 1000)
    assert "does not decide" in rates.descent_caption(predicted, frozen, 1000)
    assert "The tail" not in rates.descent_caption(predicted, frozen, 1000)


def test_the_caption_of_fig_3_says_what_the_eigenvalues_show() -> None:
    laws = rates.exact_eigenvalues(OBSERVABLE)

    def text(factor: float, single: float) -> str:
        lowest = [(factor * value, 0.1) for value in laws["lowest"]]
        series = {"uniform": lowest, "lowest_of_mean": lowest, "other": [(v, 0.1) for v in laws["other"]]}
        series["mean_lowest"] = [(single * value, 0.1) for value in laws["lowest"]]
        simulated = {f"{kind}_{name}": es for kind in ("fixed", "fresh") for name, es in series.items()}
        return rates.eigenvalue_caption(laws, simulated)

    assert "The eigenvalue line is seen" in text(1.0, 0.7)
    assert "30 % below the line" in text(1.0, 0.7)
    assert "The line is missed" in text(1.5, 0.7)
    assert "too few to tell the two apart" in text(1.0, 0.99)


def test_files_are_whole_and_hold_vector_graphics_and_data(
    small: dict[int, PaperFigure], tmp_path: Path
) -> None:
    for figure in small.values():
        written = write_study(tmp_path, figure)
        assert [path.name for path in written] == [f"{figure.name}.{end}" for end in ("svg", "pdf", "json")]
        svg, pdf, data = (path.read_bytes() for path in written)
        root = ET.fromstring(svg)  # noqa: S314 - written a line above
        assert root.tag.endswith("svg")
        assert root.get("aria-label") == figure.alt
        assert not any(mark in svg for mark in (b"<image", b"<script", b"dc:date", b"#010203"))
        assert pdf.startswith(b"%PDF")
        assert b"CreationDate" not in pdf
        assert json.loads(data)["seed"] == SEED
    assert len(list(tmp_path.iterdir())) == 9


@pytest.mark.parametrize(
    ("numbers", "size", "message"),
    [
        ([4], {}, "figure must be one of 1, 2, 3, got 4"),
        ([0], {}, "figure must be an integer ≥ 1, got 0"),
        ([], {"samples": 9}, "samples must be an integer ≥ 10, got 9"),
        ([], {"instances": 2}, "instances must be an integer ≥ 10, got 2"),
        ([], {"seed": -1}, "seed must be an integer ≥ 0, got -1"),
        ([], {"samples": 10**6}, "samples must be at most 20000, some ten minutes' work"),
    ],
)
def test_what_cannot_be_made_is_refused(numbers: list[int], size: dict[str, int], message: str) -> None:
    with pytest.raises(CostError if "at most" in message else InputError, match=message):
        figures(numbers, **size)


def test_a_folder_that_went_away_is_an_output_error(small: dict[int, PaperFigure], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"out must have room for fig3\.svg, got No such file"):
        write_study(tmp_path / "gone", small[3])
