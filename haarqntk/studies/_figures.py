"""The three figures of [PRL], made again: simulated, beside the published laws and the exact results.

A front door: it joins the exact rooms, ``montecarlo`` and ``export``. Each figure carries its data and a
caption that is written from them. What the paper does not state is chosen, and the choice is stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.base import FIGURE_INSTANCES, FIGURE_SAMPLES, SEED, write_whole
from haarqntk.checks import integer
from haarqntk.errors import CostError, InputError
from haarqntk.studies import _figure_eigenvalues as figure_eigenvalues
from haarqntk.studies import _figure_fluctuation as figure_fluctuation
from haarqntk.studies import _figure_training as figure_training

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from haarqntk.export import PaperFigure

NUMBERS = (1, 2, 3)
_FEWEST = 10  # below, a standard error says little itself
_MOST_SAMPLES, _MOST_INSTANCES = 20_000, 2_000  # ten minutes each, about

__all__ = ["NUMBERS", "cost", "make_figure", "plan", "write_figure"]


def plan(
    numbers: Sequence[int],
    *,
    seed: int = SEED,
    samples: int = FIGURE_SAMPLES,
    instances: int = FIGURE_INSTANCES,
) -> tuple[int, ...]:
    """Check what is asked for and return the figures, each once; all of them if none is named.

    Raises:
        InputError: If there is no such figure, or a number is out of range.
        CostError: If it would take too long.

    Examples:
        >>> plan([3, 1, 3])
        (3, 1)
        >>> plan([4])
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: figure must be one of 1, 2, 3, got 4
    """
    for number in numbers:
        if integer("figure", number, at_least=1) not in NUMBERS:
            raise InputError(f"figure must be one of {', '.join(map(str, NUMBERS))}, got {number}")
    integer("seed", seed, at_least=0)
    for name, value, most in (("samples", samples, _MOST_SAMPLES), ("instances", instances, _MOST_INSTANCES)):
        if integer(name, value, at_least=_FEWEST) > most:
            raise CostError(
                f"{name} must be at most {most}, some ten minutes' work, got {value}; ask for fewer"
            )
    return tuple(dict.fromkeys(numbers or NUMBERS))


def cost(number: int, *, samples: int = FIGURE_SAMPLES, instances: int = FIGURE_INSTANCES) -> int:
    """The sum of what ``progress`` is called with while the figure is made."""
    if number == 1:
        return figure_fluctuation.cost(samples)
    return figure_training.cost() if number == 2 else figure_eigenvalues.cost(instances)  # noqa: PLR2004


def make_figure(
    number: int,
    *,
    seed: int = SEED,
    samples: int = FIGURE_SAMPLES,
    instances: int = FIGURE_INSTANCES,
    progress: Callable[[int], object] | None = None,
) -> PaperFigure:
    """Simulate a figure of the paper; the same for the same seed, whichever others are made.

    Args:
        number: 1, 2 or 3.
        seed: The seed, an integer ≥ 0.
        samples: Draws of the angles in Fig. 1, from 10.
        instances: Initialisations in Fig. 2 and instances in Fig. 3, from 10.
        progress: Called with the work done since its last call, of ``cost`` in all.

    Returns:
        The figure: ``.svg()``, ``.pdf()``, ``.json()``, ``.caption`` and ``.choices``.

    Raises:
        InputError: If there is no such figure, or a number is out of range.
        CostError: If it would take too long.
    """
    plan([number], seed=seed, samples=samples, instances=instances)
    if number == 1:
        return figure_fluctuation.fluctuation_figure(seed=seed, samples=samples, progress=progress)
    if number == 2:  # noqa: PLR2004 - the figure's number
        return figure_training.training_figure(seed=seed, instances=instances, progress=progress)
    return figure_eigenvalues.eigenvalue_figure(seed=seed, instances=instances, progress=progress)


def write_figure(out: Path, figure: PaperFigure) -> list[Path]:
    """Write the figure as SVG and PDF and its data as JSON; each file appears whole or not at all.

    Args:
        out: A folder that ``prepare_folder`` has accepted.
        figure: The figure.

    Raises:
        OutputError: If a file cannot be written.
    """
    contents: dict[str, str | bytes] = {
        "svg": figure.svg() + "\n",
        "pdf": figure.pdf(),
        "json": figure.json() + "\n",
    }
    return [write_whole(out / f"{figure.name}.{ending}", content) for ending, content in contents.items()]
