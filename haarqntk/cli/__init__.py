"""The commands: ``derive``, ``integrate``, ``moment``, ``validate``, ``report`` and the others.

``_commands`` and ``_training`` read what is typed and call a room, ``_terminal`` prints and shows progress,
``_report`` puts everything on one page.
"""

from haarqntk.cli._commands import main

__all__ = ["main"]
