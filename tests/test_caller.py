"""What belongs to the caller: importing the library and calling it leave the process as it was."""

from __future__ import annotations

import logging
import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from shell import python

from haarqntk.errors import RunError
from haarqntk.validation import executor, process_pool

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import json, locale, logging, multiprocessing, os, random, signal, sys, threading, warnings
from pathlib import Path

import distributed, jinja2, lark, matplotlib.figure, mpmath, numpy as np, qutip, scipy.integrate, scipy.stats, sympy
import matplotlib.backends.backend_pdf, matplotlib.backends.backend_svg, matplotlib.backends.backend_agg


def state():
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "files": sorted(os.listdir()),
        "path": list(sys.path),
        "loggers": {x.name: (x.level, x.disabled, x.propagate, len(x.handlers))
                    for x in loggers if isinstance(x, logging.Logger)},
        "warnings": list(warnings.filters),
        "floating point": (np.geterr(), np.geterrcall(), np.get_printoptions()),
        "digits": (mpmath.mp.dps, mpmath.iv.dps, sys.get_int_max_str_digits()),
        "matplotlib": {name: dict.__getitem__(matplotlib.rcParams, name) for name in list(matplotlib.rcParams)},
        "recursion": sys.getrecursionlimit(),
        "random": (random.getstate(), str(np.random.get_state())),
        "signals": {name: signal.getsignal(name) for name in signal.valid_signals()
                    if name not in (signal.SIGKILL, signal.SIGSTOP)},
        "processes": multiprocessing.get_start_method(allow_none=True),
        "hooks": (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook, sys.gettrace()),
        "locale": locale.setlocale(locale.LC_ALL),
        "sympy": (str(sympy.printing.sstr(sympy.Symbol("x") / 3)), str(sympy.latex(sympy.Symbol("x") / 3))),
        "qutip": str(qutip.settings.core),
        "display": sys.modules["__main__"].__dict__.get("_"),
    }


def unchanged(what):
    after = state()
    after["loggers"] = {name: after["loggers"].get(name) for name in before["loggers"]}  # others make new ones
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert not changed, (what, changed)


CAMPAIGN = "seed=1 [[claim]] formula='kernel_mean' D=2 L=6 spectrum=[1,-1] samples=10_000".replace(" ", "\\n")


def calls():
    U, A, B = hq.haar_unitary("U"), *hq.matrices("A B", traceless=True)
    f = hq.expect(hq.tr(U @ A @ U.H @ B)**2)
    yield "expect", lambda: (str(f.to_sympy()), f.latex(), f.series(order=2), hq.to_json(f), f._repr_html_())
    yield "at", lambda: f.at(2, matrices={"A": np.diag([1.0, -1]), "B": qutip.sigmax()})
    mean = hq.formula("kernel_mean")
    yield "formula", lambda: (mean.at(D=8, L=6, spectrum=[5, 3, 1, 0, 0, -1, -2, -7]), str(mean.explain()))
    yield "write", lambda: (hq.latex(mean), hq.to_python(mean), hq.to_c(mean), hq.to_mathml(mean), hq.lambdify(mean))
    yield "referee", lambda: (hq.check_claim("kernel_mean", "L*T2/D^2"), hq.check_claim("kernel_mean", "sqrt(T2)"))
    for method in ("batched", "qutip", "frames"):
        yield method, lambda method=method: hq.simulate("kernel_mean", D=2, L=2, spectrum=[1, -1], samples=20,
                                                         rng=np.random.default_rng(1), method=method)
    e, l = hq.Circuit().residual(), hq.layer_indices("l")[0]
    K = hq.sum_over(e.d(l)**2, l)
    yield "ratio", lambda: (hq.variance(K) / hq.mean(K)**2).deep_limit().at(D=16, traces=[0, 16, 0, 16])
    law = hq.kernel_law(D=4, L=2, spectrum=[1, 1, -1, -1])
    yield "dynamics", lambda: (hq.dynamics.frozen_law(law, [1, 4], learning_rate=0.1),
                               hq.dynamics.deep_flow([[0, 1], [1, 0]], [0, 1], states=[[1, 0]], labels=[0.5],
                                                     learning_rate=0.1, L=3))
    yield "training", lambda: hq.training.train(
        hq.training.hardware_efficient(2, 2), hq.training.Observable.pauli("ZZ"), -0.5, learning_rate=0.002, steps=3,
        rng=np.random.default_rng(1))
    yield "diagnosis", lambda: hq.diagnose([[1.0, 0, 1], [0, 2, 0]], targets=[1, 0])._repr_html_()
    yield "designs", lambda: (hq.is_design(hq.clifford_group(1), 2), hq.twirl([[1, 0], [0, -1]], 1))

    def figures():
        (section,) = recorded_sections(["phases"])
        section.figure.svg(), section.figure.pdf()
    yield "figures", figures

    def campaign():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "mine.toml"
            file.write_text(CAMPAIGN)
            assert run_campaign(load_campaign(file), ledger=Path(folder) / "a.jsonl").passed
    yield "campaign in processes", campaign


if __name__ == "__main__":
    import tempfile
    before = state()
    import haarqntk as hq
    from haarqntk.validation import load_campaign, run_campaign
    from haarqntk.studies import recorded_sections
    import haarqntk.cli._report, haarqntk.cli, haarqntk.validation, haarqntk.studies
    [getattr(hq, name) for name in hq.__all__]
    unchanged("import")
    for name, call in calls():
        call()
        unchanged(name)
"""


def test_import_and_calls_leave_the_process_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = python("script.py", cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_worker_has_one_thread_and_the_caller_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    before = dict(os.environ)
    with process_pool(1) as pool:
        assert pool.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"
        assert pool.submit(os.getenv, "OPENBLAS_NUM_THREADS").result() == "3"  # as the caller wishes
    assert dict(os.environ) == before


def test_a_scheduler_that_does_not_answer_leaves_the_log_level(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        assert not logging.getLogger("distributed").isEnabledFor(logging.ERROR)
        raise OSError

    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=refuse))
    level = logging.getLogger("distributed").level
    with pytest.raises(RunError, match="scheduler must answer"), executor(scheduler="tcp://127.0.0.1:1"):
        pass
    assert logging.getLogger("distributed").level == level
