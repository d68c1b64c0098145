"""Expressions are polynomials in random numbers: two readings of one tree agree, whatever its letters."""

from __future__ import annotations

import operator
import random
import re
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import permutations, product
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import haarqntk as hq
from haarqntk.algebra import TracePolynomial
from haarqntk.circuits import TARGET, Copy, Expression, Term, kernel_moment, mean_of_expression
from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Tree: TypeAlias = tuple[Any, ...]

CIRCUIT = hq.Circuit()
e, z = CIRCUIT.residual(), CIRCUIT.output()
l, m = hq.layer_indices("l m")
INDICES = {"l": l, "m": m}
K = hq.sum_over(e.d(l) ** 2, l)
NUM_LAYERS, TARGET_VALUE = 2, 2
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}

# -- a tree read as an expression, and read as numbers: every derivative is some fixed number -----------------


@cache
def number_of(layers: tuple[int, ...], state: str, observable: str) -> Fraction:
    return Fraction(random.Random(repr((layers, state, observable))).choice([-5, -3, -2, 2, 3, 5]))  # noqa: S311


def build(tree: Tree) -> Any:
    kind, *parts = tree
    leaves = {"z": z, "e": e, "number": z * 0}
    if kind == "d":
        return z.d(*(INDICES[name] for name in parts))
    if kind == "sum":  # of a product, so that the index is free in every term
        return hq.sum_over(build(parts[0]) * z.d(INDICES[parts[1]]), INDICES[parts[1]])
    if kind in leaves:
        return leaves[kind] + (parts[0] if parts else 0)
    left = build(parts[0])
    if kind == "^":
        return left ** parts[1]
    right = build(parts[1])
    return OPERATIONS[kind](left, right)


def read(tree: Tree, layer: Mapping[str, int]) -> Fraction:
    kind, *parts = tree
    if kind in {"z", "e"}:
        return number_of((), "psi", "O") - (TARGET_VALUE if kind == "e" else 0)
    if kind == "d":
        return number_of(tuple(sorted(layer[name] for name in parts)), "psi", "O")
    if kind == "number":
        return Fraction(parts[0])
    if kind == "sum":
        choices = ({**layer, parts[1]: i} for i in range(NUM_LAYERS))
        return sum((read(parts[0], c) * read(("d", parts[1]), c) for c in choices), Fraction(0))
    left = read(parts[0], layer)
    if kind == "^":
        return Fraction(left ** parts[1])
    right = read(parts[1], layer)
    return Fraction(OPERATIONS[kind](left, right))


def value_of(expression: Expression, layer: Mapping[str, int]) -> Fraction:
    total = Fraction(0)
    for term, coefficient in expression.terms.items():
        names = sorted(term.summed)
        for choice in product(range(NUM_LAYERS), repeat=len(names)):
            place = {**layer, **dict(zip(names, choice, strict=True))}
            factors = (
                number_of(tuple(sorted(place[name] for name in copy.layers)), copy.state, copy.observable)
                for copy in term.copies
            )
            total += coefficient.at(1, {TARGET: TARGET_VALUE}) * prod(factors, start=Fraction(1))
    return total


def trees() -> st.SearchStrategy[Tree]:
    names = st.sampled_from(["l", "m"])
    leaves = st.one_of(
        st.just(("z",)),
        st.just(("e",)),
        st.tuples(st.just("number"), st.fractions(-2, 2, max_denominator=3)),
        st.tuples(st.just("d"), names),
        st.tuples(st.just("d"), names, names),
    )

    def grow(smaller: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        return st.one_of(
            st.tuples(st.sampled_from("+-*"), smaller, smaller),
            st.tuples(st.just("*"), smaller, smaller),
            st.tuples(st.just("sum"), smaller, names),
            st.tuples(st.just("sum"), smaller, names),
        )

    return st.recursive(leaves, grow, max_leaves=6)


SUM = ("sum", ("d", "l"), "l")


@settings(max_examples=150)
@given(trees())
@example(("*", SUM, ("*", SUM, ("d", "l"))))  # a free index beside two sums over its name
@example(("*", ("sum", ("*", SUM, ("d", "l")), "l"), ("d", "l")))
@example(("^", ("+", ("sum", ("d", "m"), "m"), ("d", "m")), 3))
def test_an_expression_is_the_polynomial_that_was_written(tree: Tree) -> None:
    layer = {"l": 0, "m": 1}
    assert value_of(build(tree), layer) == read(tree, layer)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(K * K * e.d(l) ** 2, id="K K g²"),
        pytest.param(K * (K * e.d(l) ** 2), id="K (K g²)"),
        pytest.param(hq.sum_over(K * e.d(l) ** 2, l) * e.d(l) ** 2, id="(Σ K g²) g²"),
        pytest.param(K * hq.sum_over(e.d(m) ** 2, m) * e.d(l) ** 2, id="K K' g²"),
    ],
)
def test_the_cube_of_the_kernel_is_the_same_in_every_bracketing(expression: Expression) -> None:
    assert mean_of_expression(hq.sum_over(expression, l)) == kernel_moment(3)


@settings(max_examples=40)
@given(trees(), trees())
def test_products_commute_and_distribute_term_by_term(a: Tree, b: Tree) -> None:
    left, right = build(a), build(b)
    assume(left.num_copies + right.num_copies <= 10)  # longer products are refused
    layer = {"l": 1, "m": 0}
    assert value_of(left * (right + 1), layer) == value_of(left * right, layer) + value_of(left, layer)
    assert value_of(2 - left, layer) == 2 - value_of(left, layer)
    assert value_of(-left, layer) == -value_of(left, layer)
    assert value_of(left - left, layer) == 0


# -- what an expression knows of itself -------------------------------------------------------------------------


def test_an_expression_knows_its_free_indices_and_its_number_of_copies() -> None:
    assert e.d(l, m).free == {"l", "m"}
    assert hq.sum_over(e.d(l, m), m).free == {"l"}
    assert K.free == frozenset()
    assert (K * e.d(l)).free == {"l"}
    assert [x.num_copies for x in (z, K, K**3, K * z + K, z * 0)] == [1, 2, 6, 3, 0]


def test_the_residual_is_the_output_without_its_target_and_has_its_copies_in() -> None:
    layer = {"l": 0, "m": 1}
    assert value_of(e, layer) == value_of(z, layer) - TARGET_VALUE
    assert e.d(l, m).terms == z.d(m, l).terms
    assert e.d(l, l).terms == {Term((Copy(("l", "l")),), frozenset()): z.d(l).terms.popitem()[1]}


def test_outputs_carry_their_observable_and_their_state() -> None:
    output = CIRCUIT.output(observable="O1", state="phi1")
    assert output.copy == Copy((), "phi1", "O1")
    (term,) = output.d(l).terms
    assert term.copies == (Copy(("l",), "phi1", "O1"),)
    assert repr(output.d(l)) == "Expression(d(l, observable=O1, state=phi1))"


def test_the_text_of_an_expression_reads_as_it_was_written() -> None:
    assert repr(K) == "Expression(sum(d(l)*d(l), l))"
    assert repr(z**2) == "Expression(z*z)"
    assert repr(e) == "Expression(z + (-O_0)*1)"
    assert repr(3 * z.d(l)) == "Expression((3)*d(l))"
    assert repr(z - z) == "Expression(0)"


def test_the_powers_zero_and_one_are_one_and_the_expression() -> None:
    assert (K**1).terms == K.terms
    assert mean_of_expression(K**0).at(1, {}) == 1


# -- equality: neither letters of summed indices nor the order of factors mean anything -------------------------

STATES = st.sampled_from(["a", "psi"])


@st.composite
def terms(draw: st.DrawFn) -> Term:
    """Products of up to five derivatives in up to five indices, some of them summed."""
    layers = st.lists(st.sampled_from("lmnpq"), max_size=3).map(lambda row: tuple(sorted(row)))
    copies = draw(st.lists(st.builds(Copy, layers, STATES), min_size=1, max_size=5))
    occurring = sorted({index for copy in copies for index in copy.layers})
    summed = draw(st.sets(st.sampled_from(occurring))) if occurring else set()
    return Term(tuple(copies), frozenset(summed))


def expression_of(*found: Term) -> Expression:
    return Expression(CIRCUIT, {term: TracePolynomial.constant(1) for term in found})


def rewritten(term: Term, names: Mapping[str, str], order: Sequence[int] = range(9)) -> Term:
    copies = [Copy(tuple(sorted(names.get(x, x) for x in copy.layers)), copy.state) for copy in term.copies]
    summed = frozenset(names.get(x, x) for x in term.summed)
    return Term(tuple(copies[i] for i in order if i < len(copies)), summed)


def copies_in(*layers: str) -> tuple[Copy, ...]:
    return tuple(Copy(tuple(sorted(row))) for row in layers)


RING = copies_in("lm", "mn", "np", "pq", "ql")


@settings(max_examples=150)
@given(terms(), st.permutations("vwxyz"), st.permutations(range(5)))
@example(Term(RING, frozenset("lmnpq")), list("zxvwy"), [3, 1, 0, 2, 4])
@example(Term(copies_in("lmnpq"), frozenset("lmnpq")), list("zxvwy"), [0])
def test_summed_names_and_the_order_change_nothing(term: Term, letters: list[str], order: list[int]) -> None:
    here = expression_of(term)
    there = expression_of(rewritten(term, dict(zip(sorted(term.summed), letters, strict=False)), order))
    assert here == there
    assert hash(here) == hash(there)
    assert not (here - there).terms


@settings(max_examples=150)
@given(terms(), terms())
@example(Term(RING, frozenset("lmnpq")), Term(RING, frozenset("lmnp")))
@example(Term(copies_in("lm", "l", "m"), frozenset("lm")), Term(copies_in("lm", "l", "l"), frozenset("lm")))
@example(  # two triangles are no hexagon, though every index of either stands beside two others
    Term(copies_in("lm", "mn", "ln", "pq", "qr", "pr"), frozenset("lmnpqr")),
    Term(copies_in("lm", "mn", "np", "pq", "qr", "lr"), frozenset("lmnpqr")),
)
@example(  # in one part, the same surroundings everywhere: a prism and a bipartite graph
    Term(copies_in("lm", "mn", "ln", "pq", "qr", "pr", "lp", "mq", "nr"), frozenset("lmnpqr")),
    Term(copies_in("lp", "lq", "lr", "mp", "mq", "mr", "np", "nq", "nr"), frozenset("lmnpqr")),
)
def test_terms_are_equal_only_where_a_renaming_makes_them_so(here: Term, there: Term) -> None:
    """By definition: some bijection of the summed indices carries one multiset of copies to the other."""
    theirs = Counter(rewritten(there, {}).copies)
    mine, letters = sorted(here.summed), sorted(there.summed)
    is_renamed = len(mine) == len(letters) and any(
        Counter(rewritten(here, dict(zip(mine, choice, strict=True))).copies) == theirs
        for choice in permutations(letters)
        if not here.free & set(choice)
    )
    assert (expression_of(here) == expression_of(there)) == is_renamed


def test_equality_sees_the_circuit_the_coefficients_and_the_free_indices() -> None:
    assert hq.sum_over(e.d(l) ** 2, l) == hq.sum_over(z.d(m) * z.d(m), m)
    assert hq.sum_over(z.d(m) ** 2 * z.d(l) ** 2, l, m) == K**2
    assert K * z == z * K
    assert hq.Circuit("independent_layers").output() != z
    assert 2 * K != K
    assert z != e
    assert z.d(l) != z.d(m)
    assert z.d(l) - z.d(l) != z * 0
    assert z * 0 + 2 != 2
    assert len({K, hq.sum_over(e.d(m) ** 2, m), 1 * K, K + z}) == 2


def test_terms_that_differ_by_letters_are_added() -> None:
    assert repr(K + hq.sum_over(e.d(m) ** 2, m)) == "Expression((2)*sum(d(l)*d(l), l))"
    assert K - hq.sum_over(e.d(m) ** 2, m) == z * 0


def test_an_index_stays_free_where_its_terms_cancel() -> None:
    gone = z.d(l) ** 2 - z.d(l) ** 2
    assert not gone.terms
    assert gone.free == {"l"}
    assert (0 * z.d(l)).free == (z.d(l) ** 0).free == (gone + K).free == (gone * K).free == {"l"}
    assert hq.sum_over(gone, l) == z * 0
    with pytest.raises(InputError, match="every layer index must be summed, got the free index l;"):
        mean_of_expression(gone)
    with pytest.raises(InputError, match="the index m must be free in 0: it is summed already or does not"):
        hq.sum_over(gone, m)


# -- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "error", "text"),
    [
        ("l l", InputError, "names must list different layer indices, got 'l l'; write for example 'l m'"),
        ("", InputError, "names must list different layer indices, got ''; write for example 'l m'"),
        ("l_1", InputError, "layer index must be a name of letters and digits, got 'l_1'"),
        ("1", InputError, "layer index must be a name of letters and digits, got '1'"),
        (["l"], InputTypeError, "names must be a text such as 'l m', got ['l']"),
        (None, InputTypeError, "names must be a text such as 'l m', got None"),
    ],
)
def test_bad_names_of_layers_are_refused(names: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        hq.layer_indices(names)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((3, l), InputTypeError, "expression must be built from a circuit's outputs, got 3"),
        ((e.d(l), "l"), InputTypeError, "sum_over takes one or more layer indices, got ('l',)"),
        ((e.d(l),), InputTypeError, "sum_over takes one or more layer indices, got ()"),
        ((e.d(l), l, l), InputError, "indices must be different, got l, l"),
        ((e, l), InputError, "the index l must be free in z: it is summed already or does not occur"),
        ((e.d(l) + 1, l), InputError, "the index l must be free in 1: it is summed already or does not"),
        ((K, l), InputError, "the index l must be free in sum(d(l)*d(l), l): it is summed already or does"),
        ((e.d(l), l, m), InputError, "the index m must be free in d(l): it is summed already or does not"),
    ],
)
def test_a_sum_over_what_is_not_free_is_refused(
    arguments: tuple[Any, ...], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=re.escape(text)):
        hq.sum_over(*arguments)


@pytest.mark.parametrize("indices", [(), ("l",), (1,), (l, "m")])
def test_derivatives_are_taken_in_layer_indices_only(indices: tuple[Any, ...]) -> None:
    text = f"d takes one or more layer indices from hq.layer_indices, got {indices!r}"
    with pytest.raises(InputTypeError, match=re.escape(text)):
        e.d(*indices)


def test_two_circuits_do_not_mix() -> None:
    other = hq.Circuit("independent_layers").residual()
    for operation in OPERATIONS.values():
        with pytest.raises(
            InputError, match=r"must belong to one circuit, got .*segments.*independent_layers"
        ):
            operation(e, other)
    assert (e + hq.Circuit().residual()).num_copies == 1  # equal circuits are one


@pytest.mark.parametrize("other", [1.5, "K", None, [1], 1j])
def test_only_exact_numbers_join_an_expression(other: Any) -> None:
    for operation in OPERATIONS.values():
        for pair in ((K, other), (other, K)):
            with pytest.raises(TypeError, match=r"unsupported operand|can't multiply|can only concatenate"):
                operation(*pair)


BAD_POWERS = [
    (-1, InputError, "exponent must be an integer ≥ 0, got -1"),
    (0.5, InputTypeError, "exponent must be an integer ≥ 0, got 0.5; pass an int"),
    (6, CostError, "a power with 6 · 2 = 12 factors would not finish; the largest number of factors is 10"),
    (10**9, CostError, "the largest number of factors is 10"),
    (K, InputTypeError, "exponent must be an integer ≥ 0, got Expression("),
]


@pytest.mark.parametrize(("exponent", "error", "text"), BAD_POWERS)
def test_powers_are_small_and_natural(exponent: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        K**exponent


TOO_LARGE = [
    (
        K * z,
        4,
        "k = 12 copies would not finish: the recursion has 12! = 479001600 coefficients; the largest k for",
    ),
    (z.d(l), 10**9, "the recursion has 1000000000! coefficients; the largest k for ensemble 'segments' and"),
    (K * 0 + 2, 101, "a power of a number must have an exponent of at most 100, got 101"),
]


@pytest.mark.parametrize(("expression", "exponent", "text"), TOO_LARGE)
def test_a_power_too_large_names_the_largest(expression: Expression, exponent: int, text: str) -> None:
    with pytest.raises(CostError, match=re.escape(text)):
        expression**exponent


def test_a_product_that_would_not_finish_is_refused_with_the_largest_that_would() -> None:
    with pytest.raises(CostError, match=r"a product of 12 factors would not finish; .* factors is 10"):
        K**5 * K
    with pytest.raises(CostError, match=r"a product of 11 factors would not finish; .* factors is 6"):
        K**5 * z


def test_powers_of_numbers_are_numbers() -> None:
    assert (K * 0 + 2) ** 11 == K * 0 + 2048
    assert ((e - z) ** 12).num_copies == 0


UNKNOWN = [
    (("segment",), UnknownNameError, "unknown ensemble 'segment'; did you mean 'segments'? known: segments"),
    (
        ("segments", "paul"),
        UnknownNameError,
        "unknown generators 'paul'; did you mean 'pauli'? known: pauli, general",
    ),
    (
        ("prl_ansatz", "general"),
        InputError,
        "generators must be 'pauli' for the ensemble 'prl_ansatz', whose generators are Pauli strings, got",
    ),
]


@pytest.mark.parametrize(("arguments", "error", "text"), UNKNOWN)
def test_unknown_circuits_are_refused(arguments: tuple[str, ...], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        hq.Circuit(*arguments)


@pytest.mark.parametrize("observable", ["o", "OO", "O_1", "", "1"])
def test_an_observable_is_a_capital_letter_with_a_number(observable: str) -> None:
    with pytest.raises(InputError, match="observable must be a capital letter with or without a number, got"):
        CIRCUIT.output(observable=observable)


@pytest.mark.parametrize("state", ["", "a b", "1a", "a_1", 3])
def test_a_state_is_a_name(state: Any) -> None:
    with pytest.raises(InputError, match="state must be a name of letters and digits, got"):
        CIRCUIT.residual(state=state)
