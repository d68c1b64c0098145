"""The Jinja2 environments: one for HTML, which escapes, and one for LaTeX, whose marks do not clash with it."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def html_environment() -> Environment:
    """Escapes everything that is not marked safe."""
    return Environment(
        loader=PackageLoader("haarqntk.export"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def latex_environment() -> Environment:
    r"""Uses ``\VAR{…}`` and ``\BLOCK{…}``, since LaTeX needs braces and percent signs for itself."""
    return Environment(
        loader=PackageLoader("haarqntk.export"),
        autoescape=False,  # noqa: S701 - LaTeX, not HTML; texts go through escape_latex
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        variable_start_string=r"\VAR{",
        variable_end_string="}",
        block_start_string=r"\BLOCK{",
        block_end_string="}",
        comment_start_string=r"\#{",
        comment_end_string="}",
    )
