"""The route by frames: the same numbers on the same vectors, and the same laws where it draws them."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from simulated import largest_score

from haarqntk.errors import CostError, InputError
from haarqntk.montecarlo import Estimate, Problem, _batched, _frames, simulate
from haarqntk.montecarlo._problem import Eigenspaces

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Sample = dict[str, Real]


# -- given the vectors, the derivatives --------------------------------------------------------------------------


def seen_from_the_input(circuits: _batched.Circuits) -> tuple[Complex, Complex]:
    """U and the X̃_l = V†X_lV, V all that acts up to layer l, for the first of the circuits."""
    L, D = circuits.angles.shape[1], circuits.segments.shape[-1]
    V: Complex = circuits.segments[:1, L] @ np.eye(D)
    rotated: list[Complex] = []
    for layer in reversed(range(L)):
        V = circuits.turn(layer, V)
        rotated.insert(0, (V.conj().swapaxes(1, 2) @ circuits.flip(layer, V))[0])
        V = circuits.step(layer, V)
    return V[0], np.array(rotated)


@pytest.mark.parametrize("generator", [None, (3, 1, 0, 0, -1, -1)])
def test_derivatives_equal_those_of_the_batched_route(generator: tuple[int, ...] | None) -> None:
    D, L, rng = 6, 4, np.random.default_rng(1)
    X = None if generator is None else np.array(generator, dtype=float)
    circuits = _batched.random_circuits(D, L, 1, rng, generator=X)
    inputs, observables = np.array([np.eye(D)[1], [0.6, 0.8, 0, 0, 0, 0]]), rng.normal(size=(2, D))
    G, H = _batched.second_derivatives(circuits, inputs, observables)
    U, rotated = seen_from_the_input(circuits)
    kets = U @ inputs.T  # everything in the eigenbasis of the observables, as the route has it
    rotated = U @ rotated @ U.conj().T
    images = observables.T[:, :, np.newaxis] * kets[:, np.newaxis]
    frame = np.linalg.qr(np.concatenate([kets, images.reshape(D, -1)], axis=1)).Q
    assert frame.shape == (D, D)
    frame = frame @ _batched.random_unitaries(D, 1, rng)[0]  # any frame will do
    inside = frame.conj().T @ rotated @ frame
    coordinates = np.einsum("ei,eap->iap", frame.conj(), images)
    found = _frames.gradients((frame.conj().T @ kets)[None], coordinates[None], inside[None])
    np.testing.assert_allclose(found, G, rtol=0, atol=1e-12)
    for p, a in np.ndindex(2, 2):
        moved = (rotated @ kets[:, p]).T, (rotated @ images[:, a, p]).T
        found = _frames.hessians(moved[0][np.newaxis], moved[1][np.newaxis], observables[a])
        np.testing.assert_allclose(found[0], H[0, a, p], rtol=0, atol=1e-11)


# -- what is drawn -----------------------------------------------------------------------------------------------


def spaces_of(*multiplicities: int) -> Eigenspaces:
    """Eigenspaces with the eigenvalues 1, −2, 3, −4, …"""
    values = [(-1.0) ** i * (i + 1) for i in range(len(multiplicities))]
    return Eigenspaces(np.array([values]), np.array(multiplicities))


def test_eigenspaces_are_centred_and_merge_equal_columns() -> None:
    spaces = Eigenspaces.of([[*map(Fraction, row)] for row in ((4, 4, 1), (2, 0, 1))])
    assert np.array_equal(spaces.values, [[1, 1, -2], [1, -1, 0]])
    assert np.array_equal(spaces.multiplicities, [1, 1, 1])
    halves = Eigenspaces.of([[*map(Fraction, (5, 5, 1))]], [Fraction(1, 4)] * 2 + [Fraction(1, 2)])
    assert np.array_equal(halves.values, [[2, -2]])
    assert halves.populations is not None
    assert np.array_equal(halves.populations, [0.5, 0.5])
    assert not halves.is_constant
    assert Eigenspaces.of([[Fraction(5), Fraction(1)]], [Fraction(0), Fraction(1)]).is_constant
    spaces = spaces_of(1, 5, 2)
    assert spaces.rows(3).tolist() == [0, 1, 1, 1, 2, 2]
    assert spaces.depths(3).tolist() == [0, 0, 1, 2, 0, 1]


@pytest.mark.parametrize("d", [1, 2, 3, 7, 1000])
def test_trapezoids_have_the_gram_matrices_of_gaussians(d: int) -> None:
    """E W = d, E W² = d² + dc, E |W_12|² = d and E|det W| = d(d − 1)…(d − c + 1) for W = G†G, c columns."""
    c = 3
    G = _frames.random_trapezoids(spaces_of(4, d), c, (20_000,), np.random.default_rng(d))
    assert G.shape == (20_000, 3 + min(d, c), c)
    block = G[:, 3:]
    W = block.conj().swapaxes(1, 2) @ block
    square = W @ W
    exact = [
        *((W[:, i, i].real, d) for i in range(c)),
        *((square[:, i, i].real, d**2 + d * c) for i in range(c)),
        (np.abs(W[:, 0, 1]) ** 2, d),
        (np.abs(W[:, 1, 2]) ** 2, d),
        ((W[:, 0, 1] * W[:, 1, 2] * W[:, 2, 0]).real, d),
    ]
    if d >= c:
        exact.append((np.linalg.det(W).real, d * (d - 1) * (d - 2)))
    else:
        np.testing.assert_allclose(np.linalg.det(W), 0, atol=1e-9)
    assert largest_score(exact) < 4
    upper = block[:, np.tril_indices(min(d, c), -1, c)[0], np.tril_indices(min(d, c), -1, c)[1]]
    assert not upper.any()


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("multiplicities", [(2, 2), (1, 3), (1, 1, 1, 1), (3, 5), (500, 1, 1)])
def test_compressions_have_the_moments_of_weingarten(width: int, multiplicities: tuple[int, ...]) -> None:
    """The mean of C_ij C_kl is a 1 + b F, with its traces; X̃² = C² + R†R within the frame."""
    spaces = spaces_of(*multiplicities)
    D, x = sum(multiplicities), np.repeat(spaces.values[0], spaces.multiplicities)
    C, R = _frames.random_compressions(spaces, width, (20_000,), np.random.default_rng(D))
    first, second = x.sum(), (x**2).sum()
    b = (D * second - first**2) / (D * (D**2 - 1))
    a = (first**2 - b * D) / D**2
    inside = (C @ C + R.conj().swapaxes(1, 2) @ R).real
    pairs = [(C[:, 0, 0].real, first / D), (C[:, 0, 0].real ** 2, a + b), (inside[:, 0, 0], second / D)]
    if width > 1:
        pairs += [(np.abs(C[:, 0, 1]) ** 2, b), ((C[:, 0, 0] * C[:, 1, 1]).real, a)]
        pairs += [(part, 0) for part in (C[:, 0, 1].real, C[:, 0, 1].imag, (C[:, 0, 1] ** 2).real)]
    assert largest_score(pairs) < 4
    if width == D:
        np.testing.assert_allclose(R, 0, atol=1e-12)


# -- the law of everything that is made of it --------------------------------------------------------------------


def drawn(route: Any, count: int, seed: int, **arguments: Any) -> Sample:
    """K, μ, εμ, one h_lm and det h of ``count`` circuits."""
    problem = Problem.create("residual_meta_kernel_mean", **arguments)
    G, H, Z = route.sample_derivatives(problem, count=count, rng=np.random.default_rng(seed))
    g, h = G[:, 0, 0], H[:, 0, 0]
    mu = np.einsum("nl,nlm,nm->n", g, h, g)
    kernel = np.square(g).sum(axis=1)
    return {"K": kernel, "mu": mu, "z mu": Z[:, 0, 0] * mu, "h": h[:, 0, -1], "det": np.linalg.det(h)}


def disagreement(first: Real, second: Real) -> float:
    """The largest score of means, second and third moments; infinite where the distributions differ.

    What vanishes with a silent layer is rounded to 0, or the rounding of each route would be a law of its own.
    """
    first, second = first.round(12), second.round(12)
    if stats.ks_2samp(first, second).pvalue < 1e-4:
        return float("inf")
    scores = []
    for power in (1, 2, 3):
        a, b = Estimate.of("0", first**power), Estimate.of("0", second**power)
        scores.append(abs(a.mean - b.mean) / np.hypot(a.standard_error, b.standard_error))
    return float(max(scores))


def assert_same_laws(count: int, seed: int, **arguments: Any) -> Sample:
    batched, frames = drawn(_batched, count, seed, **arguments), drawn(_frames, count, seed + 10, **arguments)
    for name, values in batched.items():
        assert disagreement(values, frames[name]) < 4, name
    return batched


@pytest.mark.parametrize("L", [1, 2, 5])
@pytest.mark.parametrize(
    ("spectrum", "count"),
    [
        ((3, -1), 8000),
        ((3, 1, 1, -2), 6000),
        ((1, 1, 1, 1, -1, -1, -1, -1), 4000),
        ((5, 3, 1, 0, 0, -1, -2, -7), 4000),
    ],
)
def test_laws_agree_with_the_batched_route(spectrum: tuple[int, ...], count: int, L: int) -> None:
    batched = assert_same_laws(count, L, D=len(spectrum), L=L, spectrum=spectrum)
    others = drawn(_frames, count, L, D=len(spectrum), L=L, spectrum=(*spectrum[:-1], spectrum[-1] + 1))
    assert disagreement(batched["K"], others["K"]) > 4


@pytest.mark.parametrize("X", [(2, 0, -1, -1), (1, 0, 0, 0), (3, 2, 1, 0), None])
def test_laws_agree_for_other_spectra(X: tuple[int, ...] | None) -> None:
    assert_same_laws(6000, 1, D=4, L=3, spectrum=(3, 1, 1, -2) if X else (1, 0, 0, 0), generator_spectrum=X)


def test_layers_share_an_output_state() -> None:
    """Independent layers give the same mean of K and another law: the comparison tells them apart."""
    arguments: dict[str, Any] = {"D": 4, "L": 5, "spectrum": (3, -1, -1, -1)}
    batched = drawn(_batched, 8000, 1, **arguments)["K"]
    problem = Problem.create("kernel_mean", ensemble="independent_layers", **arguments)
    (G,) = _frames.sample_derivatives(problem, count=8000, rng=np.random.default_rng(2))
    assert disagreement(batched, np.square(G[:, 0, 0]).sum(axis=1)) > 4


QUARTERS = [Fraction(1, 2), Fraction(1, 4), Fraction(0), Fraction(1, 4)]
ENSEMBLES: list[dict[str, Any]] = [
    {"ensemble": "independent_layers"},
    {"ensemble": "prl_ansatz_with_input_block", "D": 2, "spectrum": (1, 0)},
    {"ensemble": "generator_average", "populations": QUARTERS},
    {"ensemble": "generator_average", "populations": (0, 0, 0, 1)},
    {"ensemble": "generator_average", "populations": (0, Fraction(1, 3), Fraction(2, 3), 0)},
]


@pytest.mark.parametrize("options", ENSEMBLES)
def test_laws_agree_in_every_ensemble(options: dict[str, Any]) -> None:
    """Eigenstates have second derivatives only."""
    arguments: dict[str, Any] = {"D": 4, "L": 3, "spectrum": (3, 1, 1, -2)} | options
    problem = Problem.create("meta_kernel_mean", **arguments)
    samples = []
    for route in (_batched, _frames):
        G, H = route.sample_derivatives(problem, count=5000, rng=np.random.default_rng(3))
        h = H[:, 0, 0]
        samples.append([np.square(G[:, 0, 0]).sum(axis=1), h[:, 0, 1], h[:, 2, 2], np.linalg.det(h)])
    for first, second in zip(*samples, strict=True):
        if first.round(12).any():
            assert disagreement(first, second) < 4
        else:
            assert not second.round(12).any()


INPUTS: list[tuple[str, dict[str, Any]]] = [
    ("supervised_kernel_mean", {"overlap": Fraction(1, 3), "spectrum": ((3, 0, 0, 1), (1, 2, 0, 1))}),
    ("supervised_kernel_mean", {"overlap": 0, "spectrum": ((3, 0, 0, 1), (3, 0, 0, 1))}),
    ("supervised_kernel_covariance", {"overlap": 1}),
    ("supervised_kernel_covariance", {"overlap": Fraction(1, 3)}),
    ("supervised_kernel_eigenvalue_uniform", {"num_inputs": 3}),
    ("supervised_kernel_eigenvalue_difference", {"num_inputs": 2}),
    ("supervised_kernel_eigenvalue_difference", {"num_inputs": 4}),
]


@pytest.mark.parametrize(("quantity", "options"), INPUTS)
def test_laws_agree_for_several_inputs(quantity: str, options: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"D": 4, "L": 2, "spectrum": (3, 1, 1, -2)} | options
    problem = Problem.create(quantity, **arguments)
    batched, frames = (
        route.sample_derivatives(problem, count=6000, rng=np.random.default_rng(4))[0]
        for route in (_batched, _frames)
    )
    for a in range(batched.shape[1]):
        gram = [np.einsum("npl,nql->npq", G[:, 0], G[:, a]) for G in (batched, frames)]
        for p, q in np.ndindex(gram[0].shape[1:]):
            assert disagreement(gram[0][:, p, q], gram[1][:, p, q]) < 4


# -- the front ---------------------------------------------------------------------------------------------------


def test_the_ansatz_without_an_input_block_is_refused() -> None:
    arguments: dict[str, Any] = {"D": 4, "L": 2, "spectrum": (1, 1, -1, -1), "samples": 5}
    rng = np.random.default_rng(0)
    with pytest.raises(
        InputError, match="a Haar block on the input side, got ensemble 'prl_ansatz', which has"
    ):
        simulate("kernel_mean", ensemble="prl_ansatz", method="frames", rng=rng, **arguments)


@pytest.mark.parametrize(
    ("quantity", "L", "samples", "text"),
    [
        ("kernel_mean", 10**7, 2, "numbers at once by method 'frames', at most 67108864 fit; lower D or L"),
        ("kernel_mean", 10**3, 10**9, "at D = 4, L = 1000 by method 'frames', about a day's work"),
        ("meta_kernel_mean", 10**4, 2, "numbers at once by method 'frames', at most 67108864 fit"),
    ],
)
def test_costs_are_known_before_they_are_paid(quantity: str, L: int, samples: int, text: str) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(CostError, match=text):
        simulate(quantity, D=4, L=L, spectrum=(1, 1, -1, -1), samples=samples, rng=rng, method="frames")


def test_more_fits_than_by_the_batched_route() -> None:
    D, rng = 2**12, np.random.default_rng(0)
    arguments: dict[str, Any] = {"D": D, "L": 10, "spectrum": (1, -1) * (D // 2), "samples": 2, "rng": rng}
    with pytest.raises(CostError, match="by method 'batched'"):
        simulate("kernel_mean", **arguments)
    assert simulate("kernel_mean", method="frames", **arguments).samples == 2
