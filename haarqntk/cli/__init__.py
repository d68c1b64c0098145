"""The commands: ``derive``, ``integrate``, ``moment``, ``validate``, ``report`` and the others."""

from haarqntk.cli._commands import main

__all__ = ["main"]
