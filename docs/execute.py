"""Execute the notebooks afresh and store their outputs: python docs/execute.py [NAME …] [--out DIR]."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent / "notebooks"


def execute(path: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of a kernel of its own; what differs from run to run is left out."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    client = NotebookClient(notebook, timeout=None, record_timing=False, coalesce_streams=True)
    with TemporaryDirectory() as folder:  # the kernel is reached by files, not by ports
        kernel = client.create_kernel_manager()
        kernel.transport, kernel.ip = "ipc", str(Path(folder) / "kernel")
        client.execute()
    for name in set(notebook.metadata["language_info"]) - {"name"}:
        del notebook.metadata["language_info"][name]
    return notebook


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="all notebooks if none is named")
    parser.add_argument("--out", type=Path, default=NOTEBOOKS, help="default: docs/notebooks")
    options = parser.parse_args()
    for name in options.names or sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")):
        nbformat.write(execute(NOTEBOOKS / f"{name}.ipynb"), options.out / f"{name}.ipynb")


if __name__ == "__main__":
    main()
