"""``Frozen``: a value whose attributes are set once, at birth."""

from __future__ import annotations


class Frozen:
    """A value that does not change: what has been set cannot be set again or deleted.

    Examples:
        >>> class Point(Frozen):
        ...     def __init__(self, x):
        ...         self.x = x
        >>> Point(1).x = 2
        Traceback (most recent call last):
        ...
        AttributeError: x of a Point cannot be changed; build another
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name):
            raise AttributeError(f"{name} of a {type(self).__name__} cannot be changed; build another")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} of a {type(self).__name__} cannot be changed; build another")
