"""`python -m hrgcore.embed build`: build the C library."""

from __future__ import annotations

import argparse
from pathlib import Path

from hrgcore.cli.shell import leave, run


def main(argv: list[str] | None = None) -> int:
    """Carry it out, and give the exit code."""
    parser = argparse.ArgumentParser("python -m hrgcore.embed", description="Build the C library of hrgcore, with its header.")
    build_parser = parser.add_subparsers(required=True).add_parser("build", help="build it")
    build_parser.add_argument("-o", dest="folder", type=Path, default=Path(), metavar="DIR", help="where to (here)")
    folder: Path = parser.parse_args(argv).folder

    def _build() -> int:
        from hrgcore.embed.build import build

        print(build(folder))
        return 0

    return run("hrgcore.embed", _build)


if __name__ == "__main__":
    leave(main())
