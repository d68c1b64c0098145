"""The commands: what is typed is checked, and a room called.

Exit status: 0; 1 when a check fails, or a statement of a study of training; 2 for bad input, with one line that says
what is wrong. Heavy modules are loaded by the command that needs them, so that help is immediate.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from haarqntk import __version__
from haarqntk.base import (
    EXPORTS,
    FIGURE_INSTANCES,
    FIGURE_SAMPLES,
    REFERENCE_SAMPLES,
    SAMPLES,
    SEED,
    LazyModule,
    prepare_folder,
)
from haarqntk.checks import integer, one_of
from haarqntk.cli import _terminal as terminal
from haarqntk.errors import HaarqntkError, InputError

circuits = LazyModule("haarqntk.circuits")
export = LazyModule("haarqntk.export")
haar = LazyModule("haarqntk.haar")
qntk = LazyModule("haarqntk.qntk")
report_room = LazyModule("haarqntk.cli._report")
studies_room = LazyModule("haarqntk.studies")
validation = LazyModule("haarqntk.validation")
groups = LazyModule("haarqntk.groups")

BAD_INPUT = 2
_FORMATS = ("text", "latex", "json")
_LISTED = f"{', '.join(EXPORTS[:-1])} or {EXPORTS[-1]}"

app = typer.Typer(
    name="haarqntk",
    help="Exact Haar averages of quantum neural tangent kernels: derive, verify by simulation, export.",
    add_completion=False,
    rich_markup_mode=None,
)

Format = Annotated[str, typer.Option("--format", help="text, latex or json.", metavar="FORMAT")]
ExportFormat = Annotated[str, typer.Option("--format", help=f"{_LISTED}.", metavar="FORMAT")]
Letters = Annotated[
    str | None, typer.Option("--names", help="LaTeX letters, such as D=d,L=p,O=H.", metavar="PAIRS")
]
Macros = Annotated[str | None, typer.Option(help="LaTeX commands, such as Tr=\\tr.", metavar="PAIRS")]
DerivedNames = Annotated[
    list[str] | None,
    typer.Argument(help="Formulas; all of them for 'all' or if none is named.", metavar="NAME"),
]
Steps = Annotated[
    bool, typer.Option("--steps", help="Print every step from the definition to the closed form.")
]
Samples = Annotated[int, typer.Option(help="Simulated values for each check, NumPy route.")]
ReferenceSamples = Annotated[int, typer.Option(help="Simulated values for each check, QuTiP route.")]
Seed = Annotated[int, typer.Option(help="Seed of the simulation, an integer ≥ 0.")]
StudyFolder = Annotated[
    Path | None,
    typer.Option(help="A folder for the study as JSON, SVG and PDF; a killed training goes on from it."),
]
StudyFormat = Annotated[str, typer.Option("--format", help="text or json.", metavar="FORMAT")]
StudySeed = Annotated[int | None, typer.Option(help="Seed, an integer ≥ 0; that of the file, or 1.")]


def _version_option(value: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag alone
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version_option, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Exact Haar averages of quantum neural tangent kernels: derive, verify by simulation, export."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def derive(
    names: DerivedNames = None,
    *,
    output_format: Annotated[
        str, typer.Option("--format", help=f"{_LISTED}; markdown with --steps.", metavar="FORMAT")
    ] = "text",
    letters: Letters = None,
    macros: Macros = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder to write formulas.tex and formulas.bib to, with --format latex."),
    ] = None,
    steps: Steps = False,
    tex: Annotated[
        Path | None, typer.Option(help="Write theorem, proof and check as LaTeX to this file.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="The same as PDF; needs pdflatex.")] = None,
) -> None:
    """Derive closed forms, exact in the dimension D and the depth L."""
    known = (*_FORMATS, "markdown") if steps else EXPORTS
    output_format = one_of("format", output_format, known)
    author = {"names": export.pairs("--names", letters), "macros": export.pairs("--macros", macros)}
    if output_format != "latex" and (author["names"] or author["macros"] or out):
        raise InputError(f"--names, --macros and --out are for --format latex, got --format {output_format}")
    if out:
        prepare_folder(out)
    chosen = qntk.formulas() if not names or names == ["all"] else names
    derived = [qntk.formula(name) for name in chosen]
    if out:
        terminal.write_formulas(derived, out, **author)
    elif tex is not None or pdf is not None:
        terminal.write_derivations(derived, tex, pdf)
    elif steps:
        terminal.print_steps(derived, output_format)
    else:
        terminal.print_formulas(derived, output_format, **author)


@app.command()
def weingarten(
    cycle_type: Annotated[str, typer.Argument(help="A partition, such as 3,1.", metavar="CYCLE_TYPE")],
    dim: Annotated[int | None, typer.Option(help="An integer dimension; exact also below k.")] = None,
    group: Annotated[str, typer.Option(help="unitary, orthogonal or symplectic.")] = "unitary",
    output_format: Format = "text",
) -> None:
    """Print the Weingarten function of one class: a cycle type, or a coset type of pairings."""
    output_format = one_of("format", output_format, _FORMATS)
    value = groups.weingarten(terminal.parse_partition(cycle_type), group=group)
    text = str(value.to_sympy() if dim is None else value.at(dim))
    terminal.show(
        output_format,
        text=lambda: text,
        latex=lambda: value.latex() if dim is None else export.latex_fraction(value.at(dim)),
        json=lambda: {"cycle_type": value.cycle_type, "group": value.group, "dim": dim, "value": text},
    )


@app.command(context_settings={"ignore_unknown_options": True})  # EXPR may begin with a minus sign
def integrate(
    expression: Annotated[str, typer.Argument(help="Such as 'tr(U A U^H B)^2'.", metavar="EXPR")],
    let: Annotated[
        list[str] | None,
        typer.Option(
            help="Declare names: O=haar_orthogonal, A,B=hermitian traceless, V=haar_unitary on d1*d2."
        ),
    ] = None,
    dims: Annotated[str, typer.Option(help="Dimensions of names not declared, such as d1*d2.")] = "D",
    at: Annotated[list[str] | None, typer.Option(help="Integer dimensions: D=4, or d1=2,d2=3.")] = None,
    output_format: Format = "text",
) -> None:
    """Average a polynomial in Haar-random matrices and states.

    EXPR is built from products U A U^H B, sums, ^3, ^H, ^T, ^*, tr(…), ptr(…, 1), kron(…, …), entries U[0, 1],
    <psi|A|psi>, |tr(U)|^2, the identity I, numbers and D. U, U1, … are Haar-random unitary matrices, psi, psi1, …
    Haar-random states, J the symplectic form, other capital letters and rho given matrices, unless --let says
    otherwise; every other name needs --let, and V, W, phi, chi too: --let V=haar_unitary or --let V=matrix. Tensor
    factors and entries count from 0.
    """
    output_format = one_of("format", output_format, _FORMATS)
    spaces = haar.parse_dimensions(dims)
    declared = [item for text in let or [] for item in haar.parse_declaration(text, dims=spaces)]
    values = terminal.parse_values(at or [])
    integrand = haar.parse_integrand(expression, declared=declared, dims=spaces)
    terminal.check_all_occur(declared, integrand)
    integral = haar.expect(integrand)

    def latex() -> str:
        written = (integral.specialise(**values) if values else integral).latex()
        return f"% {export.averaged_over(integral)}\n{written}"

    terminal.show(
        output_format,
        text=lambda: export.integral_text(expression, integral, at=values, width=terminal.width()),
        latex=latex,
        json=lambda: export.integral_record(expression, integral, at=values),
    )


@app.command(context_settings={"ignore_unknown_options": True})  # EXPR may begin with a minus sign
def moment(
    expression: Annotated[str, typer.Argument(help="Such as 'sum(d(l)*d(l), l)^2'.", metavar="EXPR")],
    ensemble: Annotated[str, typer.Option(help="segments, independent_layers, prl_ansatz, …")] = "segments",
    generators: Annotated[str, typer.Option(help="pauli or general.")] = "pauli",
    steps: Steps = False,  # noqa: FBT002 - a flag
    output_format: ExportFormat = "text",
) -> None:
    """Derive any moment of outputs and derivatives.

    EXPR is built from d(l, m, …), e, z, K, mu, sum(…, l, …), numbers and + - * / ^; its mean is taken, or
    variance(…), covariance(…, …), cumulant(…, n). Derivatives and outputs take observable=O1 and state=a.
    """
    output_format = one_of("format", output_format, _FORMATS if steps else EXPORTS)
    value = qntk.parse_moment(expression, circuits.Circuit(ensemble, generators))
    if steps:
        terminal.print_steps([value], output_format)
    else:
        terminal.print_formulas([value], output_format)


@app.command()
def validate(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Formulas, or one campaign: default, or a file .toml.", metavar="NAME"),
    ] = None,
    *,
    samples: Samples = SAMPLES,
    reference_samples: ReferenceSamples = REFERENCE_SAMPLES,
    seed: Seed = SEED,
    ledger: Annotated[
        Path | None, typer.Option(help="The ledger of a campaign; CAMPAIGN.jsonl here if none is named.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes for a campaign; one for each core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler for a campaign, such as tcp://host:8786.")
    ] = None,
    output_format: Format = "text",
) -> None:
    """Check closed forms by simulation.

    Each is compared with simulated circuits at D = 2, 4, 8 and L = 1, 2, 5; the exit status is 1 if one
    disagrees by more than four standard errors, or has fewer samples than a verdict takes. A campaign has its
    own claims, sizes and seed, writes every batch to a ledger, and goes on from there when it is run again.
    """
    output_format = one_of("format", output_format, _FORMATS)
    given = {
        f"--{name.replace('_', '-')}"
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    }
    if names and any(name == "default" or name.endswith(".toml") for name in names):
        if len(names) > 1:
            raise InputError(f"a campaign is run alone, got {', '.join(names)}; name one")
        if unused := sorted(given & {"--samples", "--reference-samples"}):
            raise InputError(f"a campaign has its own sample sizes, got {', '.join(unused)}; leave it out")
        own = seed if "--seed" in given else None
        run = terminal.run_campaign(names[0], own, ledger=ledger, workers=workers, scheduler=scheduler)
        terminal.print_results(run.results, {}, output_format, campaign=run.campaign)
        return
    if unused := sorted(given & {"--ledger", "--workers", "--scheduler"}):
        raise InputError(f"only a campaign takes {', '.join(unused)}; name one, such as default")
    seed = integer("seed", seed, at_least=0)
    claims = validation.plan_checks(names or [], samples=samples, reference_samples=reference_samples)
    with terminal.progress("simulating") as told:
        checks = validation.run_claims(claims, seed=seed, progress=told)
    terminal.print_results(checks, {"seed": seed}, output_format)


@app.command()
def figures(
    numbers: Annotated[
        list[str] | None, typer.Argument(help="1, 2, 3; all of them if none is named.", metavar="FIGURE")
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="The folder to write fig1.svg, fig1.pdf, fig1.json, … to.")],
    samples: Annotated[int, typer.Option(help="Draws of the angles in Fig. 1, from 10.")] = FIGURE_SAMPLES,
    instances: Annotated[
        int, typer.Option(help="Initialisations in Fig. 2 and instances in Fig. 3, from 10.")
    ] = FIGURE_INSTANCES,
    seed: Seed = SEED,
) -> None:
    """Make the three figures of the paper again.

    Each is simulated, drawn beside the published law and the exact result, and described by what is seen in
    it. Writes SVG, PDF and the data as JSON.
    """
    asked = [terminal.parse_figure(text) for text in numbers or []]
    wanted = studies_room.figures(asked, seed=seed, samples=samples, instances=instances)
    prepare_folder(out)
    made = terminal.make_figures(wanted.values(), out)
    for number, figure in zip(wanted, made, strict=True):
        terminal.write_figure(number, figure, out)


@app.command()
def report(
    *,
    out: Annotated[Path, typer.Option(help="The folder to write report.html and formulas.tex to.")],
    samples: Samples = SAMPLES,
    reference_samples: ReferenceSamples = REFERENCE_SAMPLES,
    seed: Seed = SEED,
    with_figures: Annotated[
        bool,
        typer.Option("--figures/--no-figures", help="Put Figs. 1-3 of the paper on the page: 15 s more."),
    ] = False,
    studies: Annotated[
        list[Path] | None,
        typer.Option(
            "--study", help="A study to put on the page too: the JSON that train, diagnose or depth wrote."
        ),
    ] = None,
) -> None:
    """Derive and check everything, write a page.

    Writes report.html (formulas with their derivations, the referee's table, the checks, the recorded campaign)
    and formulas.tex; the exit status is 1 if a check fails.
    """
    integer("seed", seed, at_least=0)
    claims = validation.plan_checks([], samples=samples, reference_samples=reference_samples)
    made = [studies_room.read_study(path) for path in studies or []]
    report_room.on_the_page(made)  # refuse names that the page has already
    prepare_folder(out)
    start = time.perf_counter()
    with terminal.progress("simulating") as told:
        checks, found = validation.run_everything(claims, seed=seed, progress=told)
    seconds = time.perf_counter() - start
    drawn = terminal.make_figures(studies_room.figures(seed=seed).values()) if with_figures else []
    written = report_room.write_report(
        out, checks, found, seed=seed, seconds=seconds, figures=drawn, studies=made
    )
    verdict = validation.verdict_of_all(checks, found)
    for name in qntk.formulas():
        typer.echo(export.plain_text(qntk.formula(name), width=terminal.width()) + "\n")
    typer.echo(verdict["sentence"])
    for path in written:
        typer.echo(f"wrote {path}")
    if not verdict["passed"]:
        raise typer.Exit(terminal.CHECK_FAILED)


@app.command()
def train(
    what: Annotated[
        str, typer.Argument(help="law, lazy, deep, labels, phases, or a file .toml.", metavar="STUDY|FILE")
    ],
    *,
    out: StudyFolder = None,
    seed: StudySeed = None,
    output_format: StudyFormat = "text",
) -> None:
    """Train circuits, and hold predictions against the runs.

    The studies show what the exact moments predict of training, and where the frozen kernel fails. A file describes an
    experiment of your own: circuit, observable, data, learning rate and steps; a killed run goes on where it was.
    """
    terminal.run_study("train", what, out=out, seed=seed, output_format=output_format)


@app.command()
def diagnose(
    what: Annotated[str, typer.Argument(help="diagnostics, or a file .toml.", metavar="STUDY|FILE")],
    *,
    out: StudyFolder = None,
    seed: StudySeed = None,
    output_format: StudyFormat = "text",
) -> None:
    """Diagnose a circuit before it is trained: kernel spectrum, step size, decay time, inference.

    The study compares two ansatzes and two encodings. A file describes a circuit, an observable and data of your own.
    """
    terminal.run_study("diagnose", what, out=out, seed=seed, output_format=output_format)


@app.command()
def depth(
    what: Annotated[str, typer.Argument(help="depth, or a file .toml.", metavar="STUDY|FILE")],
    *,
    out: StudyFolder = None,
    seed: StudySeed = None,
    output_format: StudyFormat = "text",
) -> None:
    """Find the depth from which a real circuit's kernel is that of Haar-random circuits.

    Simulates mean and fluctuation of kernel and meta-kernel at every number of layers of the file, and compares them
    with the exact values.
    """
    terminal.run_study("depth", what, out=out, seed=seed, output_format=output_format)


def main() -> None:
    """Run the command line; a broken rule is one line on standard error and exit status 2."""
    try:
        status = app(prog_name="haarqntk", standalone_mode=False)
    except HaarqntkError as error:
        typer.echo(f"haarqntk: {error}", err=True)
        sys.exit(BAD_INPUT)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("haarqntk: stopped; nothing was written", err=True)
        sys.exit(terminal.STOPPED)
    except typer.TyperException as error:  # a usage error: an unknown option, a number that is none
        typer.echo(f"haarqntk: {' '.join(error.format_message().split())} See 'haarqntk --help'.", err=True)
        sys.exit(BAD_INPUT)
    sys.exit(status)
