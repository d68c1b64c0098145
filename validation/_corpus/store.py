"""The recording on disk: a compressed file of lines of JSON for each section; equal records give equal bytes."""

from __future__ import annotations

import json
import lzma
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import haarqntk as hq

if TYPE_CHECKING:
    from collections.abc import Mapping

Records = dict[str, dict[str, str]]
"""Key → field → text."""

ABOUT: Final = "about.json"
LIBRARIES: Final = ("sympy", "numpy", "scipy", "python-flint", "qutip")


def about() -> dict[str, Any]:
    """The code that is importable, and the versions that it computes with."""
    return {
        "haarqntk": hq.__version__,
        "commit": _git("rev-parse", "HEAD")
        + (" with changes" if _git("status", "--porcelain", "haarqntk") else ""),
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{name: version(name) for name in LIBRARIES},
    }


def _git(*arguments: str) -> str:
    command = ("git", "-C", str(Path(hq.__file__).parent.parent), *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - git


def write_about(folder: Path, data: Mapping[str, Any]) -> None:
    """Write what was recorded, and by what."""
    (folder / ABOUT).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def read_about(folder: Path) -> dict[str, Any]:
    """Read what was recorded, and by what."""
    data: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    return data


def path_of(folder: Path, section: str) -> Path:
    """The file of one section."""
    return folder / f"{section}.jsonl.xz"


def write_records(folder: Path, section: str, records: Records) -> None:
    """Write one section."""
    lines = [json.dumps({"key": key, **records[key]}, ensure_ascii=False) + "\n" for key in sorted(records)]
    content = lzma.compress("".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)
    path_of(folder, section).write_bytes(content)


def read_records(folder: Path, section: str) -> Records:
    """Read one section."""
    text = lzma.decompress(path_of(folder, section).read_bytes()).decode()
    records = [json.loads(line) for line in text.splitlines()]
    return {record.pop("key"): record for record in records}
