"""Sections "recorded" and "keys": the recorded ledger and studies, read back and judged; the keys of all claims.

The ledger is judged by ``haarqntk validate FILE --ledger COPY``. It refuses a row that finds no claim, and says how
many batches it had to draw: here that must be none, and the copy must stay as it was.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from _corpus import shell
from _corpus.fields import Fields, Section, fingerprint, once
from haarqntk.export import read_section

VALIDATION: Final = Path(__file__).parent.parent
LEDGER: Final = VALIDATION / "default.jsonl"
STUDIES: Final = ("deep", "depth", "diagnostics", "labels", "law", "lazy", "phases")
COPY: Final = "recorded.jsonl"
_CLAIM: Final = '[[claim]]\nformula = "{}"\nensemble = "{}"\nD = {}\nL = {}\nspectrum = {}\nsamples = {}\n{}'
_QUBIT: Final = "[2, -1]"
_TWO_QUBITS: Final = '[3, "1/2", 0, -1]'
_KINDS: Final = (
    ("kernel_mean", "segments", 4, "[1, 2]", _TWO_QUBITS, 300, ""),
    ("kernel_mean", "segments", 2, 3, _QUBIT, 402, 'claim = "L*T2/D^2"\n'),
    ("kernel_mean", "segments", 2, 4, _QUBIT, 400, 'detected = "1/2"\nbatch = 100\n'),
    ("kernel_mean", "segments", 2, 5, _QUBIT, 4, 'method = "qutip"\n'),
    ("kernel_mean", "segments", 2, 5, _QUBIT, 400, 'method = "frames"\n'),
    ("kernel_mean", "segments", 2, 5, _QUBIT, 400, 'method = "batched"\nscale = "1/3"\n'),
    (
        "kernel_mean",
        "generator_average",
        4,
        2,
        _TWO_QUBITS,
        300,
        'populations = ["1/2", "1/4", "1/8", "1/8"]\n',
    ),
    ("kernel_second_moment", "segments", 2, 2, _QUBIT, 300, "generator_spectrum = [2, 1]\n"),
    ("supervised_kernel_mean", "prl_ansatz", 2, 3, "[[1, -1], [2, 0]]", 300, 'overlap = "4/5"\n'),
    ("supervised_kernel_eigenvalues", "segments", 4, 2, _TWO_QUBITS, 300, "num_inputs = 3\n"),
    *(
        (name, ensemble, 2, 2, _QUBIT, 300, "")
        for name in ("gradient_variance", "kernel_variance", "meta_kernel_mean")
        for ensemble in ("segments", "independent_layers", "prl_ansatz_with_input_block")
    ),
)
_SMALL: Final = (  # that of the tests, but for the sample sizes
    'seed = {}\nbatch = 500\n\n[[claim]]\nformula = "kernel_mean"\n'
    "D = 2\nL = [1, 6]\nspectrum = [2, -1]\nsamples = 400\n"
)
CAMPAIGNS: Final = {
    "small": _SMALL.format(7),
    "another seed": _SMALL.format(8),
    "every kind": "seed = 1\n" + "".join(_CLAIM.format(*kind) for kind in _KINDS),
}


def recorded_keys() -> list[str]:
    """The ledger and the studies."""
    return ["ledger", *(f"study {name}" for name in STUDIES)]


def recorded_fields(key: str) -> Fields:
    """What the recorded results say today."""
    if key == "ledger":
        return ledger_fields("default", LEDGER.read_text(encoding="utf-8"))
    return study_fields(
        (VALIDATION / "studies" / f"{key.removeprefix('study ')}.json").read_text(encoding="utf-8")
    )


def ledger_fields(campaign: str, ledger: str, files: dict[str, str] | None = None) -> Fields:
    """Judge a recorded ledger; each row must find its claim, and each claim its rows.

    Args:
        campaign: "default", or the name of one of ``files``.
        ledger: The lines of the recorded ledger.
        files: Other files of the folder in which it is judged.
    """
    arguments = ("validate", campaign, "--ledger", COPY, "--workers", "1", "--format", "json")
    outcome = once(lambda: shell.run(arguments, {COPY: ledger, **(files or {})}))
    return {
        "errors": lambda: errors_of(outcome(), ledger),
        "status": lambda: outcome().status,
        "claims": lambda: [row["key"] for row in _rows(ledger) if row["kind"] == "claim"],
        "verdict": lambda: json.loads(outcome().stdout)["sentence"],
        "results": lambda: "\n".join(map(_short, json.loads(outcome().stdout)["results"])),
    }


def errors_of(outcome: shell.Outcome, ledger: str) -> str:
    """What must not happen with a recorded ledger; "none" if nothing did."""
    found = []
    if outcome.status not in {0, 1}:
        found.append(outcome.stderr.strip())
    counts = re.search(r"(\d+) batches were in \S+, (\d+) are new", outcome.stderr)
    number = sum(row["kind"] == "batch" for row in _rows(ledger))
    if counts is None and outcome.status in {0, 1}:
        found.append("no batch of the ledger was used: every one was drawn again")
    elif counts is not None and counts.groups() != (str(number), "0"):
        found.append(f"{counts[2]} batches were drawn again, of {number} recorded ones {counts[1]} were used")
    if COPY in outcome.files:
        added = outcome.files[COPY].removeprefix(shell.normalised(ledger))
        keys = sorted({str(json.loads(line).get("key")) for line in added.splitlines()})
        found.append(f"rows were written for the keys {', '.join(keys)}")
    return "; ".join(found) or "none"


def _rows(ledger: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ledger.splitlines()]


def _short(result: dict[str, Any]) -> str:
    """One result with all its digits; the fields by name, so that their order does not count."""
    return ", ".join(f"{name} {value}" for name, value in sorted(result.items()))


def study_fields(text: str) -> Fields:
    """Read a recorded study back: its statements with their verdicts, and that it is written as it was read."""
    section = once(lambda: read_section(text))
    return {
        "verdicts": lambda: [each.verdict for each in section().evidence] + [section().holds],
        "rows": lambda: section().plain_text(),
        "caption": lambda: section().figure.caption,
        "command": lambda: section().command,
        "written": lambda: fingerprint(section().json()),
        "as it was": lambda: section().json().strip() == text.strip(),
    }


def campaign_keys() -> list[str]:
    """The campaigns."""
    return list(CAMPAIGNS)


def campaign_fields(key: str) -> Fields:
    """The keys of the claims of one campaign, from the ledger of a run that is too small to be judged."""
    arguments = ("validate", "mine.toml", "--ledger", COPY, "--workers", "1")
    outcome = once(lambda: shell.run(arguments, {"mine.toml": CAMPAIGNS[key]}))

    def of_kind(kind: str) -> list[dict[str, Any]]:
        return [row for row in _rows(outcome().files[COPY]) if row["kind"] == kind]

    return {
        "status": lambda: outcome().status,
        "stderr": lambda: outcome().stderr,
        "claims": lambda: sorted(_short(row) for row in of_kind("claim")),
        "batches": lambda: sorted(_short(row) for row in of_kind("batch")),
    }


RECORDED = Section("recorded", recorded_keys, recorded_fields, is_sampled=False)
KEYS = Section("keys", campaign_keys, campaign_fields, is_sampled=False)
