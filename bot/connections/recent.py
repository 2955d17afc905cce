"""Work shared by those who asked at once: a read serves all who waited for it, and so does what is made of it."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Source = TypeVar("Source")
Made = TypeVar("Made")

KEPT = 64
"""Sources remembered; a read older than that serves nobody any more."""


class Recent(Generic[Source, Made]):
    """Makes something of a source once; the same object, not an equal one, is answered from memory.

    Sources must not change. To compare them by identity costs nothing, however many connections they hold.
    """

    def __init__(self, make: Callable[[Source], Made]) -> None:
        self._make = make
        self._made: OrderedDict[int, tuple[Source, Made]] = OrderedDict()

    def of(self, source: Source) -> Made:
        """Return what is made of `source`."""
        # Its id is its own as long as it is kept here.
        known = self._made.get(id(source))
        if known is not None:
            return known[1]
        made = self._make(source)
        self._made[id(source)] = (source, made)
        if len(self._made) > KEPT:
            self._made.popitem(last=False)
        return made
