"""A claim and its result: campaigns, checks of every formula, findings on published formulas, the ledger."""

from haarqntk.validation._campaign import Campaign, Claim, default_campaign, load_campaign
from haarqntk.validation._checks import Check, verdict
from haarqntk.validation._checks import plan as plan_checks
from haarqntk.validation._checks import record_of as check_record
from haarqntk.validation._checks import run as run_checks
from haarqntk.validation._checks import table_row as check_row
from haarqntk.validation._findings import DIMENSIONS, Concentration, Finding, concentration
from haarqntk.validation._findings import cost as finding_cost
from haarqntk.validation._findings import run as run_findings
from haarqntk.validation._record import recorded_run, shell_command
from haarqntk.validation._results import CampaignRun, Result
from haarqntk.validation._results import record_of as result_record
from haarqntk.validation._results import table_row as result_row
from haarqntk.validation._runs import executor, run_campaign

__all__ = [
    "DIMENSIONS",
    "Campaign",
    "CampaignRun",
    "Check",
    "Claim",
    "Concentration",
    "Finding",
    "Result",
    "check_record",
    "check_row",
    "concentration",
    "default_campaign",
    "executor",
    "finding_cost",
    "load_campaign",
    "plan_checks",
    "recorded_run",
    "result_record",
    "result_row",
    "run_campaign",
    "run_checks",
    "run_findings",
    "shell_command",
    "verdict",
]
