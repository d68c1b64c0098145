"""The default profile of Hypothesis: the same examples whatever else is imported, on every machine."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def drawn() -> list[tuple[int, float, str]]:
    found: list[tuple[int, float, str]] = []

    @settings(settings.get_profile("repeatable"), max_examples=300)
    @given(st.integers(), st.floats(), st.text())
    def collect(integer: int, number: float, text: str) -> None:
        found.append((integer, number, repr(text)))

    collect()
    return [(integer, number if number == number else 0.5, text) for integer, number, text in found]  # noqa: PLR0124


def test_examples_do_not_depend_on_imported_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawn()
    lines = [f"x{i} = ({10**12 + i}, {i}.015625e9, 'constant number {i}')" for i in range(200)]
    (tmp_path / "full_of_constants.py").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("full_of_constants")
    try:
        assert drawn() == before
    finally:
        del sys.modules["full_of_constants"]


def test_the_default_profile_is_bounded_and_has_no_clock_and_no_memory() -> None:
    for name in ("repeatable", "explore"):
        profile = settings.get_profile(name)
        assert (profile.deadline, profile.database) == (None, None)
        assert profile.max_examples <= 40
    assert settings.get_profile("repeatable").derandomize
    explore = settings.get_profile("explore")
    assert (explore.derandomize, explore.print_blob) == (False, True)
