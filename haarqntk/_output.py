"""Files written whole: a folder that is checked before the work, and files that appear at once or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from haarqntk.errors import OutputError


def prepare_folder(out: Path) -> None:
    """Make sure that files can be written to ``out`` before any work is done, and leave nothing behind if not.

    Raises:
        OutputError: If ``out`` is a file, or it or its parents cannot be written.
    """
    if not out.name:
        raise OutputError(f"out must name a folder, got {str(out)!r}; write for example report")
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        for folder in missing:
            if folder.is_dir():
                folder.rmdir()
        reason = error.strerror or error
        raise OutputError(
            f"out must be a folder that can be written, got {out}: {reason}; choose another"
        ) from None


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write beside the target, then move it there in one step; text in UTF-8.

    Raises:
        OutputError: If the file cannot be written.
    """
    temporary = None
    data = content.encode() if isinstance(content, str) else content
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, suffix=".part", delete=False) as stream:
            temporary = Path(stream.name)
            stream.write(data)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise OutputError(
            f"out must have room for {path.name}, got {error.strerror or error}; choose another"
        ) from None
    return path
