"""The site: built without a warning, no dead link, nothing from elsewhere, and read in a real browser."""

from __future__ import annotations

import html
import inspect
import json
import re
import shutil
import subprocess
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from other_programs import BROWSER
from shell import python
from test_docstrings import PUBLIC

import haarqntk as hq
from haarqntk.export import bibliography

DOCS = Path(__file__).parents[2] / "docs"
WIDTHS = (380, 1200)
OPTIONS = (*BROWSER, "--allow-file-access-from-files")
MEASURE = """<script>addEventListener("load", () => {
  const root = document.documentElement;
  const all = (what) => [...document.querySelectorAll(what)].filter((e) => e.checkVisibility());
  const box = (e) => e.getBoundingClientRect();
  const scrolls = (e) => ["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX);
  const held = (e) => { for (let p = e.parentElement; p && p !== root; p = p.parentElement)
    if (scrolls(p) && p !== document.body) return true; return false; };
  const outside = all("article *").filter((e) => box(e).right > root.clientWidth + 1 && !held(e));
  const flat = all("article math").filter((e) => box(e).width < 3 || box(e).height < 5);
  const result = {
    width: root.clientWidth, scrollWidth: root.scrollWidth,
    outside: outside.slice(0, 5).map((e) => e.outerHTML.slice(0, 200)),
    math: all("article math").length, flat: flat.slice(0, 5).map((e) => e.outerHTML.slice(0, 300)),
    images: all("article img").filter((e) => !e.naturalWidth).map((e) => e.src),
    elsewhere: performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith("file:")),
  };
  parent.document.documentElement.dataset[window.name] = JSON.stringify(result);
});</script>"""


class Page(HTMLParser):
    """The targets, the links and everything that a page loads, with the number of its formulas."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: Counter[str] = Counter()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.formulas = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.targets.update([found["id"]] if "id" in found else [])
        self.formulas += tag == "math"
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "link" and found.get("rel") in {"stylesheet", "icon", "preload"}:
            self.loaded.append(found["href"])
        elif "src" in found:
            self.loaded.append(found["src"])


@cache
def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def dead_links(page: Path) -> list[str]:
    """Links and loaded files that are not there, or that lead to no target on their page."""
    dead = []
    for link in [*read(page).links, *read(page).loaded]:
        parts = urlsplit(link)
        if parts.scheme in {"http", "https", "mailto", "data"}:
            continue
        file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        fragment = unquote(parts.fragment)
        if not file.is_file() or (fragment and file.suffix == ".html" and not read(file).targets[fragment]):
            dead.append(link)
    return dead


pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as the one command builds it, with few samples in its figures."""
    out = tmp_path_factory.mktemp("site")
    options = ("--out", str(out), "--samples", "10", "--instances", "10")
    done = python(str(DOCS / "build.py"), *options, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    assert done.stderr == ""
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> list[Path]:
    found = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    assert len(found) > 30
    return found


def test_no_link_is_dead_and_no_image_is_missing(pages: list[Path]) -> None:
    assert {page.name: dead for page in pages if (dead := dead_links(page))} == {}


def test_nothing_is_loaded_from_elsewhere(pages: list[Path]) -> None:
    elsewhere = [link for page in pages for link in read(page).loaded if urlsplit(link).netloc]
    assert elsewhere == []
    styles = [path.read_text(encoding="utf-8") for path in pages[0].parent.rglob("*.css")]
    assert not [style for style in styles if re.search(r"url\(['\"]?https?:", style)]


def test_every_public_name_is_on_a_page(site: Path) -> None:
    documented = {target for page in (site / "api").glob("*.html") for target in read(page).targets}
    # a name of a public module that is one of the package too is described there, once
    names = {item.name for item in PUBLIC}
    once = {name for name in names if name.partition(".")[2] in names}
    assert sorted({f"haarqntk.{name}" for name in names - once} - documented) == []
    assert {"haarqntk.D", "haarqntk.L"} <= documented
    listed = (site / "api" / "index.html").read_text(encoding="utf-8")
    prefixes = {name: "hq." if inspect.ismodule(getattr(hq, name)) else "haarqntk." for name in hq.__all__}
    assert [name for name, prefix in prefixes.items() if f"{prefix}{name}" not in listed] == []


def test_derivations_notebooks_and_sources_are_there(site: Path) -> None:
    sources = [*(DOCS.parent / "derivations").glob("[0-9]*.md"), *(DOCS / "notebooks").glob("*.ipynb")]
    folders = {".md": "derivations", ".ipynb": "notebooks"}
    assert all((site / folders[path.suffix] / f"{path.stem}.html").is_file() for path in sources)
    targets = read(site / "bibliography.html").targets
    assert all(targets[f"ref-{key}"] == 1 for key in bibliography() if key != "haarqntk")


def test_formulas_are_mathml(site: Path) -> None:
    count = {page: read(site / page).formulas for page in ("index.html", "derivations/06_meta_kernel.html")}
    assert count["index.html"] >= 8
    assert count["derivations/06_meta_kernel.html"] > 100
    shown = (site / "notebooks" / "start_here.html").read_text(encoding="utf-8")
    assert re.search(r'text_html">\s*<div class="haarqntk"><div style="overflow-x:auto"><math', shown)
    text = re.sub(r"<pre>.*?</pre>|<code.*?</code>", "", shown, flags=re.DOTALL)
    assert "\\frac" not in text


def test_a_formula_that_cannot_be_converted_is_a_warning() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(DOCS / '_extensions')!r})\n"
        "from native_mathml import ConversionError, convert\n"
        "for latex in (r'\\unknowncommand x', r'\\frac{1', r'\\begin{nothing} x'):\n"
        "    try: print(convert(latex, display='block'))\n"
        "    except ConversionError as error: print('refused')\n"
    )
    assert python("-c", script).stdout.split() == ["refused"] * 3


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<p id="here"><a href="#here"></a><a href="#there"></a><img src="none.png"></p>')
    assert dead_links(page) == ["#there", "none.png"]


def opened(site: Path, pages: list[Path], width: int) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What every page measures of itself in a frame of that width, and what the browser wrote to its console."""
    frames = []
    for number, page in enumerate(pages):
        text = page.read_text(encoding="utf-8").replace("</body>", f"{MEASURE}</body>", 1)
        copy = page.with_name(f"measured_{page.name}")
        copy.write_text(text, encoding="utf-8")
        source = copy.relative_to(site).as_posix()
        style = f"width:{width}px;height:900px;border:0"
        frames.append(f'<iframe name="page{number}" src="{source}" style="{style}"></iframe>')
    everything = site / f"frames_{width}.html"
    everything.write_text(f'<!DOCTYPE html><body style="margin:0">{"".join(frames)}</body>', encoding="utf-8")
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or "google-chrome"
    profile = f"--user-data-dir={site.parent / 'profile'}"
    command = [browser, *OPTIONS, profile, "--window-size=1300,900", "--dump-dom", everything.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    results = dict(re.findall(r'data-page(\d+)="([^"]*)"', done.stdout))
    assert len(results) == len(pages), done.stderr[-2000:]
    found = {page.relative_to(site).as_posix(): results[str(n)] for n, page in enumerate(pages)}
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return {name: json.loads(html.unescape(result)) for name, result in found.items()}, console


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_in_a_browser(width: int, site: Path, pages: list[Path]) -> None:
    seen, console = opened(site, pages, width)
    assert console == []
    assert {page["width"] for page in seen.values()} == {width}
    assert {name: page["scrollWidth"] for name, page in seen.items() if page["scrollWidth"] > width} == {}
    complaints = ("outside", "flat", "images", "elsewhere")
    found = {name: {key: page[key] for key in complaints if page[key]} for name, page in seen.items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert sum(page["math"] for page in seen.values()) > 1500
