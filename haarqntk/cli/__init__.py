"""The commands: ``derive``, ``integrate``, ``moment``, ``validate``, ``report`` and the others.

``_commands`` reads what is typed and calls a room, ``_terminal`` prints and shows progress,
``_report`` puts everything on one page.
"""

from haarqntk.cli._commands import main

__all__ = ["main"]
