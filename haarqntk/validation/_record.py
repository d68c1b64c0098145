"""The recorded run of the default campaign, judged again, and the shell command that repeats each of its claims.

A front door beside ``haarqntk.validation._runs``. The ledger that comes with the library is read, not believed: every
estimate is added up from its batches, and held against the closed form that the engine derives now.
"""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from concurrent.futures import Executor
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from haarqntk.errors import InputError
from haarqntk.montecarlo import DETECTED
from haarqntk.validation._campaign import DEFAULT, default_campaign, load_campaign
from haarqntk.validation._runs import run_campaign

if TYPE_CHECKING:
    from haarqntk.validation._campaign import Claim
    from haarqntk.validation._results import CampaignRun


class _DrawsNothing(Executor):
    """Where a recorded run is judged: what is missing there is missing."""

    def submit(self, *_: object, **__: object) -> NoReturn:
        """Refuse to draw."""
        raise InputError(
            "the recorded ledger must hold every batch of the default campaign, got none for one of them; draw what "
            "is missing: haarqntk validate default --ledger validation/default.jsonl"
        )


def recorded_run() -> CampaignRun:
    """Judge the recorded run of the default campaign again; nothing is drawn.

    Raises:
        InputError: If the ledger lacks a batch of the campaign, holds a row of none of its claims, or is damaged.

    Reference:
        derivations/12_campaigns.md.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "recorded.jsonl"  # a ledger is opened to be written to; the recorded one is not
        shutil.copyfile(default_campaign().with_suffix(".jsonl"), copy)
        return run_campaign(load_campaign(DEFAULT), ledger=copy, executor=_DrawsNothing())


def shell_command(claim: Claim, *, seed: int, name: str) -> str:
    """Return the shell command that draws the same numbers for one claim: a campaign of its own.

    Random numbers belong to the seed, the claim and the batch, so they do not depend on the other claims.

    Args:
        claim: A claim of a campaign.
        seed: The seed of the campaign.
        name: The stem of the file that the command writes.

    Examples:
        >>> claim = load_campaign("default").claims[0]
        >>> command = shell_command(claim, seed=130150601, name="claim-1")
        >>> shlex.split(command)[2:5]
        ['seed = 130150601', '[[claim]]', 'formula = "gradient_variance"']
        >>> command.partition(" > ")[2]
        'claim-1.toml && haarqntk validate claim-1.toml'
    """
    values = {
        "formula": claim.formula,
        "ensemble": claim.ensemble,
        **dict(claim.arguments),
        "method": claim.method,
        "samples": claim.samples,
        "batch": claim.batch,
        "claim": claim.text,
        "scale": claim.scale,
        "detected": None if claim.detected == DETECTED else claim.detected,
    }
    entries = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
    lines = (shlex.quote(line) for line in (f"seed = {seed}", "[[claim]]", *entries))
    return f"printf '%s\\n' {' '.join(lines)} > {name}.toml && haarqntk validate {name}.toml"


def _toml(value: object) -> str:
    """A number, a text or nested lists of them; a fraction is a text, as in campaign files."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int):
        return str(value)
    return json.dumps(str(value) if isinstance(value, Fraction) else value, ensure_ascii=False)
