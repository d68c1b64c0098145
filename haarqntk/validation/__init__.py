"""A claim and its result: campaigns with their ledger, checks of every formula, findings on published formulas.

A ``Claim`` (``_claims``) is an exact value with the problem that is simulated for it; campaigns read theirs from
a file, ``_checks`` plans those of every formula and every published row. ``_runs`` draws its batches, ``_ledger``
keeps them, and ``_results`` makes them a ``Result`` with its z-score, and one verdict over all.
"""

from haarqntk.validation._checks import (
    DIMENSIONS,
    Concentration,
    Finding,
    concentration,
    examine,
    finding_command,
    judge,
    plan_checks,
    published_claim,
    run_everything,
    verdict_of_all,
)
from haarqntk.validation._claims import DETECTED, Campaign, Claim, load_campaign, quantities_of
from haarqntk.validation._ledger import Ledger, open_ledger, record_of
from haarqntk.validation._results import (
    POWER,
    CampaignRun,
    Result,
    family_error,
    largest_z,
    power,
    samples_needed,
    shell_command,
    smallest_factor,
    table_row,
    verdict,
)
from haarqntk.validation._runs import (
    executor,
    process_pool,
    recorded_run,
    run_campaign,
    run_claim,
    run_claims,
)

__all__ = [
    "DETECTED",
    "DIMENSIONS",
    "POWER",
    "Campaign",
    "CampaignRun",
    "Claim",
    "Concentration",
    "Finding",
    "Ledger",
    "Result",
    "concentration",
    "examine",
    "executor",
    "family_error",
    "finding_command",
    "judge",
    "largest_z",
    "load_campaign",
    "open_ledger",
    "plan_checks",
    "power",
    "process_pool",
    "published_claim",
    "quantities_of",
    "record_of",
    "recorded_run",
    "run_campaign",
    "run_claim",
    "run_claims",
    "run_everything",
    "samples_needed",
    "shell_command",
    "smallest_factor",
    "table_row",
    "verdict",
    "verdict_of_all",
]
