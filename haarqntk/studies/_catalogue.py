"""The table of studies and figures, by name and number, and the studies of experiments from files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from haarqntk.base import FIGURE_INSTANCES, FIGURE_SAMPLES, SEED
from haarqntk.checks import integer
from haarqntk.errors import CostError, InputError, UnknownNameError
from haarqntk.studies._diagnosis import CircuitDiagnosis, Diagnostics
from haarqntk.studies._experiment import load_experiment
from haarqntk.studies._experiments import Depth, Training
from haarqntk.studies._law import Law
from haarqntk.studies._letter import FluctuationFigure
from haarqntk.studies._letter_rates import DescentFigure, EigenvalueFigure
from haarqntk.studies._many_layers import Deep, Labels
from haarqntk.studies._regimes import Lazy, Phases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from haarqntk.studies._study import Study

STUDIES: Final[tuple[Study, ...]] = (Law(), Lazy(), Deep(), Labels(), Phases(), Diagnostics(), Depth())
NUMBERS: Final = (1, 2, 3)
_FEWEST = 10  # below, a standard error says little itself
_MOST = {"samples": 20_000, "instances": 2_000}  # ten minutes each, about


def study(name: str, *, command: str, seed: int = 1) -> Study:
    """The study that a command runs: of this name, or of the experiment in this file.

    Args:
        name: Its name, or the path of a file .toml.
        command: "train", "diagnose" or "depth".
        seed: The seed of a study that comes with the library.

    Raises:
        UnknownNameError: If there is none; the message lists those of the command.

    Examples:
        >>> study("law", command="train").name
        'law'
    """
    known = {each.name: each for each in STUDIES if each.command == command}
    if name not in known:
        raise UnknownNameError.among(f"study for haarqntk {command}", name, [*known, "a file .toml"])
    return replace(known[name], seed=seed)  # type: ignore[type-var]


def study_of_file(path: str, *, command: str, seed: int | None = None) -> Study:
    """What a command does with an experiment from a file; the seed is that of the file if there is none.

    Raises:
        InputError: If the file cannot be read or breaks a rule.
    """
    experiment = load_experiment(Path(path))
    if seed is not None:
        experiment = msgspec.structs.replace(experiment, seed=seed)
    head: dict[str, Any] = {"name": experiment.name, "path": path, "seed": experiment.seed}
    if command == "depth":
        chosen = {name: getattr(experiment, name) for name in ("circuit", "observable", "samples")}
        return Depth(**chosen, **head)
    return (Training if command == "train" else CircuitDiagnosis)(experiment=experiment, **head)


def figures(
    numbers: Iterable[int] = (),
    *,
    seed: int = SEED,
    samples: int = FIGURE_SAMPLES,
    instances: int = FIGURE_INSTANCES,
) -> dict[int, Study]:
    """The figures of the paper by their numbers, each once; all of them if none is named.

    Args:
        numbers: Of 1, 2 and 3.
        seed: The seed, an integer ≥ 0.
        samples: Draws of the angles in Fig. 1, from 10.
        instances: Initialisations in Fig. 2 and instances in Fig. 3, from 10.

    Raises:
        InputError: If there is no such figure, or a number is out of range.
        CostError: If it would take too long.

    Examples:
        >>> list(figures([3, 1, 3]))
        [3, 1]
        >>> figures([4])
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: figure must be one of 1, 2, 3, got 4
    """
    for number in (numbers := tuple(numbers)):
        if integer("figure", number, at_least=1) not in NUMBERS:
            raise InputError(f"figure must be one of {', '.join(map(str, NUMBERS))}, got {number}")
    integer("seed", seed, at_least=0)
    for name, value in (("samples", samples), ("instances", instances)):
        if integer(name, value, at_least=_FEWEST) > _MOST[name]:
            raise CostError(
                f"{name} must be at most {_MOST[name]}, some ten minutes' work, got {value}; ask for fewer"
            )
    table: tuple[Study, ...] = (
        FluctuationFigure(seed=seed, samples=samples),
        DescentFigure(seed=seed, instances=instances),
        EigenvalueFigure(seed=seed, instances=instances),
    )
    return {number: table[number - 1] for number in numbers or NUMBERS}
