"""What a benchmark is: something to prepare, and then to run any number of times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from shutil import which

from .data import Data


@dataclass(frozen=True)
class Prepared:
    """A benchmark that is ready to run.

    ``run`` gives how many things it made, which must be ``made``; ``rows`` and ``spells`` say what it is given, ``bytes`` how large
    that is, in files or in memory.
    """

    run: Callable[[], int]
    made: int
    rows: int
    spells: int
    bytes: int = 0


@dataclass(frozen=True)
class Scenario:
    """A benchmark.

    ``needs`` are kinds of `Data`, ``wants`` packages, and ``programs`` commands, that not everyone has. ``sized`` says whether it
    hangs on how many episodes there are; ``most`` episodes are what it can bear. ``rounds`` are enough to tell; ``slow`` ones run
    only where they are named. ``yardstick`` is other software beside hrgcore.
    """

    name: str
    about: str
    prepare: Callable[[Data], Prepared]
    needs: tuple[str, ...] = ("parquet",)
    wants: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    sized: bool = True
    most: int = 100_000_000
    rounds: int = 5
    slow: bool = False
    yardstick: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages and programs that it wants and that are not installed."""
        packages = (name for name in self.wants if find_spec(name) is None)
        return (*packages, *(name for name in self.programs if which(name) is None))
