"""Build the site with warnings as errors: python docs/build.py [--out DIR]. Needs pip install '.[docs]'."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sphinx.cmd.build import build_main

from haarqntk.base import FIGURE_INSTANCES, FIGURE_SAMPLES
from haarqntk.errors import InputError
from haarqntk.studies import figures

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from pages import write_figures, write_pages  # noqa: E402 - the file beside this one


def build(out: Path, *, samples: int, instances: int) -> int:
    """Write the site to the folder ``out``; the exit status is 0 if there was no warning."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "docs"
        shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("_build", "*.py[co]", "__pycache__"))
        shutil.copytree(HERE.parent / "derivations", source / "derivations", dirs_exist_ok=True)
        write_pages(source)
        write_figures(source, samples=samples, instances=instances)
        doctrees = str(Path(folder) / "doctrees")
        options = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--doctree-dir", doctrees]
        return build_main([*options, str(source), str(out)])


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "_build", help="default: docs/_build")
    parser.add_argument("--samples", type=int, default=FIGURE_SAMPLES, help="draws of the angles in Fig. 1")
    parser.add_argument("--instances", type=int, default=FIGURE_INSTANCES, help="runs in Figs. 2 and 3")
    options = parser.parse_args()
    try:
        figures(samples=options.samples, instances=options.instances)
    except InputError as error:  # before the pages are made
        parser.error(str(error))
    status = build(options.out, samples=options.samples, instances=options.instances)
    if not status:
        print(f"{options.out / 'index.html'}")  # noqa: T201 - what to open
    sys.exit(status)


if __name__ == "__main__":
    main()
