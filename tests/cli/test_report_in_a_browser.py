"""The page of the report in a real headless Chromium: it loads nothing, raises nothing, sorts and fits a phone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from other_programs import BROWSER

from haarqntk.cli import _report as report
from haarqntk.export import Line, Panel, PaperFigure
from haarqntk.qntk import PUBLISHED_CLAIMS
from haarqntk.validation import examine, judge, plan_checks, run_claim

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

PHONE = 380
# Before the page's own script: what goes wrong while it runs. In the copy that the test opens, never in the page.
LISTEN = """<script>window.wrong = []; addEventListener("error", (e) => wrong.push(String(e.message)), true);
addEventListener("securitypolicyviolation", (e) => wrong.push(e.blockedURI));</script>"""
# After it: what a reader does and sees.
MEASURE = """<script>addEventListener("load", () => {
  const all = (what) => [...document.querySelectorAll(what)];
  all("details").forEach((e) => { e.open = true; });
  const visible = (what) => all(what).filter((e) => e.checkVisibility());
  const box = (e) => e.getBoundingClientRect();
  const head = (elements) => elements.map((e) => e.outerHTML.slice(0, 200));
  const root = document.documentElement;
  const column = (i) => all(`#ledger tbody td:nth-child(${i})`).map((e) => e.textContent);
  const sorted = (i) => {
    const heading = document.querySelector(`#ledger th:nth-child(${i})`);
    heading.querySelector("button").click();
    return { column: column(i), order: heading.getAttribute("aria-sort") };
  };
  const outside = visible("body *").filter((e) => !e.parentElement.closest(".wide, svg")
    && box(e).right > root.clientWidth + 1);
  const [numerator, denominator] = document.querySelector("#kernel_mean mfrac").children;
  const result = {
    wrong, width: root.clientWidth, scrollWidth: root.scrollWidth, outside: head(outside),
    math: visible("math").length, stacked: box(numerator).bottom <= box(denominator).top,
    flat: head(visible("math").filter((e) => box(e).width < 3 || box(e).height < 5)),
    broken: all("a[href^='#']").map((e) => e.hash.slice(1)).filter((id) => !document.getElementById(id)),
    resources: performance.getEntriesByType("resource").length,
    background: getComputedStyle(root).backgroundColor, ink: getComputedStyle(document.body).color,
    before: column(7), z: sorted(7), again: sorted(7), samples: sorted(8), claim: sorted(1),
  };
  (window.parent === window ? document : parent.document).documentElement.dataset.result = JSON.stringify(result);
});</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page with every kind of content; few samples, since nothing here is about the numbers."""
    found = [examine(PUBLISHED_CLAIMS[0], seed=1, samples=20)]
    found += [judge(claim) for claim in PUBLISHED_CLAIMS[1:]]
    planned = plan_checks([], samples=20, reference_samples=2)
    checks = [run_claim(claim, seed=1) for claim in planned if claim.method == "batched"]
    line = Line("exact", "exact", [1.0, 2.0], [1.0, 0.5])
    panels = (Panel("$L$", "$K$", lines=[line]), Panel("$L$", "$K$", lines=[line]))
    figure = PaperFigure("fig2", "a line", "A caption. " * 30, ("A choice.",), {}, panels)
    out = tmp_path_factory.mktemp("report")
    written, _ = report.write_report(out, checks, found, seed=1, seconds=1.0, figures=[figure])
    text = written.read_text(encoding="utf-8")
    copy = text.replace("<title>", f"{LISTEN}<title>", 1).replace("</body>", f"{MEASURE}</body>", 1)
    assert copy.count("<script>") == text.count("<script>") + 2
    (out / "measured.html").write_text(copy, encoding="utf-8")
    # A window is not as narrow as a phone; a frame is.
    frame = (
        f'<body style="margin:0"><iframe src="measured.html" style="width:{PHONE}px;height:800px;border:0">'
    )
    (out / "phone.html").write_text(f"<!DOCTYPE html>{frame}</iframe></body>", encoding="utf-8")
    return out


def opened(folder: Path, name: str, *options: str) -> dict[str, Any]:
    """What the page measured of itself, with what the browser wrote to its console."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or "google-chrome"
    same_origin = "--allow-file-access-from-files"  # so that the frame may tell its parent
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [browser, *BROWSER, *options, same_origin, profile, "--window-size=1200,900", "--dump-dom"]
    result = subprocess.run(
        [*command, (folder / name).as_uri()], capture_output=True, text=True, check=False, timeout=120
    )
    found = re.search(r'<html[^>]* data-result="([^"]*)"', result.stdout)
    assert found, result.stderr[-2000:]
    console = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
    return {**json.loads(html.unescape(found[1])), "console": console}


@pytest.fixture(scope="module")
def desk(page: Path) -> dict[str, Any]:
    return opened(page, "measured.html")


@pytest.fixture(scope="module")
def phone(page: Path) -> dict[str, Any]:
    return opened(page, "phone.html", "--blink-settings=preferredColorScheme=0")


def test_nothing_is_complained_of_and_nothing_is_loaded(desk: dict[str, Any], phone: dict[str, Any]) -> None:
    for seen in (desk, phone):
        assert seen["wrong"] == seen["console"] == seen["broken"] == []
        assert seen["resources"] == 0


def test_formulas_are_laid_out(desk: dict[str, Any]) -> None:
    assert desk["math"] > 500
    assert desk["flat"] == []
    assert desk["stacked"]  # the numerator above the denominator


def test_a_click_on_a_heading_sorts_by_number_and_another_turns_it_round(desk: dict[str, Any]) -> None:
    z = sorted(desk["before"], key=float)
    assert desk["before"] != z
    assert desk["z"] == {"column": z, "order": "ascending"}
    assert desk["again"] == {"column": z[::-1], "order": "descending"}
    samples = [int(text.replace(",", "")) for text in desk["samples"]["column"]]
    assert samples == sorted(samples)
    assert max(samples) > 100_000
    assert desk["claim"]["column"] == sorted(desk["claim"]["column"])


@pytest.mark.parametrize("name", ["desk", "phone"])
def test_nothing_overflows_the_window(name: str, request: pytest.FixtureRequest) -> None:
    seen = request.getfixturevalue(name)
    assert seen["width"] == (PHONE if name == "phone" else 1200)
    assert seen["scrollWidth"] == seen["width"]
    assert seen["outside"] == []


def test_light_and_dark(desk: dict[str, Any], phone: dict[str, Any]) -> None:
    light, dark = ((_brightness(seen["background"]), _brightness(seen["ink"])) for seen in (desk, phone))
    assert light[0] - light[1] > 150
    assert dark[1] - dark[0] > 150


def _brightness(colour: str) -> float:
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3
