"""Section "commands": what every command prints, writes and ends with, also where it refuses its input."""

from __future__ import annotations

from typing import Final

from _corpus import shell
from _corpus.fields import Fields, Section, once

CIRCUIT: Final = '[circuit]\nfamily = "{}"\nnum_qubits = {}\nlayers = {}\n'
TRAIN_ONE: Final = (
    CIRCUIT.format("hardware_efficient", 3, 2)
    + '[observable]\npauli = "ZZI"\n[data]\ntarget = -0.5\n[training]\nlearning_rate = 0.01\nsteps = 5\n'
)
TRAIN_LETTER: Final = (
    "seed = 3\n"
    + CIRCUIT.format("prl", 2, 8)
    + '[observable]\npauli = "ZZ"\n[data]\ntarget = 0.2\n[training]\nlearning_rate = 0.02\nsteps = 6\n'
)
ISING: Final = (
    CIRCUIT.format("hardware_efficient", 3, 2)
    + 'encoding = "high"\n[observable]\nmagnetisation = "X"\n[data]\nset = "ising_magnetisation"\npoints = 5\n'
    + "test_points = 3\n[training]\nsteps = 8\n"
)
DEPTH: Final = (
    CIRCUIT.format("hardware_efficient", 3, "[1, 3]")
    + '[observable]\nprojector = "000"\n[sampling]\nsamples = 20\n'
)
CAMPAIGN: Final = """\
seed = 7
batch = 2000

[[claim]]
formula = "kernel_mean"
D = 2
L = 6
spectrum = [2, -1]
samples = 12_000

[[claim]]
formula = "gradient_variance"
D = 2
L = 2
spectrum = [2, -1]
samples = 12_000
"""
FILES: Final = {
    "one.toml": TRAIN_ONE,
    "letter.toml": TRAIN_LETTER,
    "ising.toml": ISING,
    "depth.toml": DEPTH,
    "campaign.toml": CAMPAIGN,
    "wrong.toml": CAMPAIGN + 'claim = "L*T2/D^2"\n',
    "small.toml": CAMPAIGN.replace("samples = 12_000", "samples = 40"),
    "unknown.toml": CAMPAIGN.replace('"kernel_mean"', '"kernel_men"'),
    "odd.toml": CAMPAIGN.replace("D = 2", "D = 5", 1),
    "torn.toml": "seed = ",
    "steps.toml": TRAIN_ONE.replace("steps = 5", "steps = 5\nsteps = 6"),
    "qubits.toml": TRAIN_ONE.replace("num_qubits = 3", "num_qubits = 13"),
    "fast.toml": TRAIN_ONE.replace("0.01", "50").replace("steps = 5", "steps = 1"),
}
NAMES: Final = (
    "derive",
    "weingarten",
    "integrate",
    "moment",
    "validate",
    "figures",
    "report",
    "train",
    "diagnose",
    "depth",
)
FORMATS: Final = ("text", "latex", "mathml", "json", "python", "c", "mathematica", "maple")
LETTERS: Final = ("--names", "D=d,L=p,O=H", "--macros", r"Tr=\tr")
COMMANDS: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("--version",),
    ("--help",),
    ("derve",),
    *((name, "--help") for name in NAMES),
    ("derive",),
    *(
        ("derive", "kernel_mean", "kernel_variance", "supervised_kernel_eigenvalues", "--format", x)
        for x in FORMATS
    ),
    *(("derive", "all", "--format", x) for x in ("latex", "json")),
    *(("derive", "kernel_variance", "--steps", "--format", x) for x in ("text", "latex", "json", "markdown")),
    *(("derive", name, "--steps") for name in ("meta_kernel_mean", "supervised_kernel_mean")),
    ("derive", "supervised_kernel_eigenvalues", "--steps", "--format", "latex"),
    ("derive", "kernel_mean", "kernel_variance", "--format", "latex", *LETTERS),
    ("derive", "kernel_mean", "--format", "latex", *LETTERS, "--out", "paper"),
    ("derive", "kernel_mean", "kernel_variance", "--tex", "proofs.tex"),
    ("derive", "kernel_mean", "--tex", "no/proofs.tex"),
    ("derive", "kernel_men"),
    ("derive", "--format", "jsn"),
    ("derive", "kernel_mean", "--format", "markdown"),
    ("derive", "kernel_mean", "--names", "D=d"),
    ("derive", "kernel_mean", "--format", "latex", "--names", "D"),
    *(
        ("weingarten", *mu, "--group", group, "--format", x)
        for mu in (("2",), ("2,1",), ("3,1", "--dim", "2"), ("2,2", "--dim", "6"))
        for group in ("unitary", "orthogonal", "symplectic")
        for x in ("text", "latex", "json")
    ),
    ("weingarten", "1,3"),
    ("weingarten", "3,0"),
    ("weingarten", "three"),
    ("weingarten", "99"),
    ("weingarten", "2", "--dim", "0"),
    ("weingarten", "2", "--group", "unitry"),
    ("weingarten", "2", "--group", "symplectic", "--dim", "3"),
    *(
        ("integrate", *expression, "--format", x)
        for expression in (
            ("tr(U A U^H B)^2",),
            ("U A U^H",),
            ("|tr(U)|^6", "--at", "D=2"),
            ("tr(ptr(psi, 1)^2)", "--dims", "d1*d2", "--at", "d1=2,d2=4"),
            ("O[0,0]^2 O[1,1]^2", "--let", "O=haar_orthogonal"),
            ("<psi|A|psi> <psi|B|psi>", "--let", "A,B=hermitian traceless"),
        )
        for x in ("text", "latex", "json")
    ),
    ("integrate", "-tr(U A)"),
    ("integrate", "tr(U^H V U W U^H V U W)/D", "--let", "V,W=matrix"),
    ("integrate", "tr(S A S^T B)", "--let", "S=haar_symplectic"),
    ("integrate", "ptr(kron(V, I) A kron(V^H, I), 1)", "--let", "V=haar_unitary on d1", "--dims", "d1*d2"),
    ("integrate", "tr(U A U^H B)^9"),
    ("integrate", "tr(U)", "--let", "A=hermitan"),
    ("integrate", "tr(U)", "--at", "4"),
    ("integrate", "tr(U)", "--at", "D=4,D=5"),
    ("integrate", "tr(U)", "--at", "d=4"),
    ("integrate", "tr(U)", "--dims", "0"),
    ("integrate", "tr(UAU^HB)"),
    ("integrate", "tr(U^H V U W)"),
    ("integrate", "tr(U A U^H)", "--let", "B=hermitian"),
    ("integrate", "tr(i U)"),
    ("integrate", "tr(U dU)"),
    ("integrate", "tr(I(2))"),
    ("integrate", "tr(U)/D", "--dims", "4"),
    ("integrate", "[U, A]"),
    ("integrate", "tr(A)^1/2"),
    ("integrate", "1/tr(U)"),
    ("integrate", "tr(U)^0.5"),
    ("integrate", "U A", "--let", "A=on d"),
    ("integrate", "S[0,0] S[D/2,D/2]", "--let", "S=haar_symplectic", "--at", "D=3"),
    ("integrate", "U[D, 0] U[D, 0]^*"),
    ("integrate", "U[2,0] U[2,0]^*", "--at", "D=2"),
    *(("moment", "covariance(z^2, K)", "--format", x) for x in FORMATS),
    *(("moment", "covariance(e, K)", "--steps", "--format", x) for x in ("text", "latex", "json")),
    ("moment", "sum(d(l)*d(l), l)^2", "--ensemble", "prl_ansatz_with_input_block"),
    ("moment", "K", "--ensemble", "generator_average", "--generators", "general"),
    ("moment", "covariance(K, nu)"),
    ("moment", "K", "--ensemble", "segment"),
    ("moment", "K", "--generators", "paul"),
    ("moment", "1j*K"),
    ("moment", "K^9"),
    ("validate", "kernel"),
    ("validate", "--samples", "1"),
    ("validate", "--seed", "-1"),
    ("validate", "kernel_mean", "--ledger", "a.jsonl"),
    ("validate", "campaign.toml", "--samples", "9"),
    ("validate", "campaign.toml", "kernel_mean"),
    ("validate", "kernel_mean", "--samples", "300", "--reference-samples", "4", "--format", "json"),
    ("validate", "gradient_variance", "--samples", "300", "--reference-samples", "30", "--seed", "5"),
    *(("validate", "campaign.toml", "--workers", "1", "--format", x) for x in ("text", "json")),
    *(
        ("validate", f"{name}.toml", "--workers", "1")
        for name in ("wrong", "small", "unknown", "odd", "torn", "none")
    ),
    ("figures", "3", "--out", "new", "--samples", "10", "--instances", "10"),
    ("figures", "4", "--out", "new"),
    ("figures", "two", "--out", "new"),
    ("figures", "2"),
    ("figures", "--out", "new", "--samples", "9"),
    ("figures", "--out", "new", "--instances", "9999"),
    ("report",),
    ("report", "--out", "one.toml"),
    ("report", "--out", "new", "--study", "none.json"),
    ("report", "--out", "new", "--study", "one.toml"),
    ("train", "one.toml"),
    ("train", "one.toml", "--out", "new", "--seed", "4"),
    ("train", "letter.toml", "--format", "json"),
    ("train", "ising.toml"),
    ("train", "fast.toml"),
    ("diagnose", "ising.toml", "--out", "new"),
    ("diagnose", "one.toml", "--format", "json"),
    ("depth", "depth.toml"),
    ("depth", "depth.toml", "--format", "json", "--seed", "2"),
    *(("train", f"{name}.toml") for name in ("none", "steps", "qubits", "torn")),
    ("train", "lw"),
    ("diagnose", "lazy"),
    ("depth", "none.toml"),
    ("train", "one.toml", "--format", "latex"),
    ("train", "one.toml", "--seed", "-1"),
)


def keys() -> list[str]:
    """The command lines."""
    return [_key(arguments) for arguments in COMMANDS]


def _key(arguments: tuple[str, ...]) -> str:
    return " ".join(repr(x) if " " in x else x for x in arguments) or "(nothing)"


def fields(key: str) -> Fields:
    """Exit status, both streams and every file that is written."""
    arguments = next(each for each in COMMANDS if _key(each) == key)
    outcome = once(lambda: shell.run(arguments, FILES))
    return {
        "status": lambda: outcome().status,
        "stdout": lambda: outcome().stdout,
        "stderr": lambda: outcome().stderr,
        "files": lambda: "\n".join(f"== {name}\n{text}" for name, text in outcome().files.items()),
    }


SECTION = Section("commands", keys, fields, is_sampled=False)
