"""Checkpoints: arrays in one file that is replaced as a whole, and refused unless it is whole and of this problem.

The file is a line that says what it is, the hash of all that follows, and an npz archive read without pickle.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import write_whole
from haarqntk.errors import InputError, OutputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_HEAD = b"haarqntk training checkpoint 1\n"
_DIGEST = 64  # hexadecimal digits of SHA-256


def save_checkpoint(path: Path, key: str, arrays: dict[str, NDArray[Any]]) -> None:
    """Replace the file by one that holds the arrays.

    Raises:
        OutputError: If it cannot be written; the file before is kept.
    """
    if not path.parent.is_dir():
        raise OutputError(
            f"checkpoint must be a file in a folder that exists, got {path}; make the folder, or choose another"
        )
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, key=np.array(key), **arrays)
    payload = stream.getvalue()
    write_whole(path, _head(payload) + payload)


def _head(payload: bytes) -> bytes:
    """All that stands before the payload, to the byte."""
    return _HEAD + hashlib.sha256(payload).hexdigest().encode() + b"\n"


def load_checkpoint(path: Path, key: str) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of the file, or None if there is no file.

    Raises:
        InputError: If the file cannot be read, is damaged, is no checkpoint or belongs to another problem; it is
            left as it is.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(
            f"checkpoint must be a file that can be read, got {path}: {error.strerror}; choose another"
        ) from None
    if not data.startswith(_HEAD):
        raise InputError(
            f"checkpoint must be a file that a training run wrote, got {path}, which is none; "
            "it is left as it is: choose another"
        )
    payload = data[len(_HEAD) + _DIGEST + 1 :]
    if not data.startswith(_head(payload)):
        raise InputError(
            f"checkpoint must be whole, got {path}, which is damaged; it is left as it is: "
            "restore it, or choose another file"
        )
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        found = str(arrays.pop("key"))
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"checkpoint must hold arrays, got {path}: {error}; choose another file") from None
    if found != key:
        raise InputError(
            f"checkpoint must belong to this problem, {key[:12]}, got {path} of the problem {found[:12]}; "
            "choose another file, or the circuit, data, learning rate, stride and seed that it was written with"
        )
    return arrays
