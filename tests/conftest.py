"""Hypothesis profiles, and a reader of every LaTeX that is exported.

The default profile is the same on every machine; ``--hypothesis-profile=explore`` searches anew.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from latex_reader import reading_back

import haarqntk
from haarqntk.export import _latex

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUNDED = settings(
    deadline=None,
    max_examples=40,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no failure
)
settings.register_profile("repeatable", BOUNDED, derandomize=True)
settings.register_profile("explore", BOUNDED, derandomize=False, print_blob=True)
if settings.get_current_profile_name() != "explore":
    settings.load_profile("repeatable")
# Hypothesis draws some values from the constants of the modules that happen to be imported: which these are depends
# on the tests that a worker had before.
providers._get_local_constants = lambda: providers._local_constants  # noqa: SLF001
# For the doctests of a file pytest imports it by its path, and anew if that imported its package first: two classes
# would have one name, and values of the first no pickle.
for room in iter_modules(haarqntk.__path__):
    import_module(f"haarqntk.{room.name}")


@pytest.fixture(scope="session", autouse=True)
def _every_latex_reads_back() -> Iterator[None]:
    """Whatever test exports a closed form as LaTeX, it must mean that closed form."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_latex, "closed_forms", reading_back(_latex.closed_forms))
        yield
