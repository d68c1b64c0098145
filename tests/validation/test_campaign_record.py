"""The commands that the report prints draw the numbers that it shows."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from haarqntk.validation import load_campaign, shell_command

if TYPE_CHECKING:
    from pathlib import Path

    from haarqntk.validation import Claim

CAMPAIGN = load_campaign("default")


def written(folder: Path, claims: list[Claim]) -> None:
    """Let a shell write the campaign of each claim, as a reader would, and not run it."""
    seed = CAMPAIGN.seed
    commands = [shell_command(claim, seed=seed, name=f"claim-{i}") for i, claim in enumerate(claims)]
    for place, command in enumerate(commands):
        assert command.endswith(f" > claim-{place}.toml && haarqntk validate claim-{place}.toml")
    script = "\n".join(command.partition(" && ")[0] for command in commands)
    subprocess.run(["bash", "-c", script], cwd=folder, check=True)  # noqa: S607


def test_the_command_of_every_claim_is_a_campaign_that_draws_the_same_numbers(tmp_path: Path) -> None:
    claims = list(CAMPAIGN.claims)
    written(tmp_path, claims)
    for place, claim in enumerate(claims):
        alone = load_campaign(tmp_path / f"claim-{place}.toml")
        assert alone.seed == CAMPAIGN.seed
        # what the random numbers and the verdict depend on: problem, route, sizes, and what it is held against
        assert claim in alone.claims
        assert next(c for c in alone.claims if c == claim).key == claim.key


@pytest.mark.parametrize("text", ["L*T2/D^2", "0"])
def test_the_command_of_a_claim_in_words_keeps_them(text: str, tmp_path: Path) -> None:
    claim = replace(CAMPAIGN.claims[0], text=text, scale=Fraction(1, 3))
    written(tmp_path, [claim])
    assert load_campaign(tmp_path / "claim-0.toml").claims == (claim,)
