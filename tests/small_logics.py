"""The small design with some of the open design's logics."""

from __future__ import annotations

from functools import cache

from small_design import small_texts

from hrgcore.design import DEFAULT_DESIGN
from hrgcore.design.locate import embedded_designs

LOGICS = ("acc", "em", "ncc")


@cache
def _own() -> dict[str, str]:
    folder = embedded_designs()[DEFAULT_DESIGN]
    return {f"{logic}/{path.name}": path.read_text("utf-8") for logic in LOGICS for path in sorted((folder / logic).glob("*.csv"))}


def texts() -> dict[str, str]:
    """The small design with some of the open design's logics."""
    found = small_texts()
    errors = "".join(f"{code},error,judgement\n" for code in ("UZ11", "UZ13", "UZ21"))
    found["errors.csv"] = found["errors.csv"].rstrip("\n") + "\n" + errors
    return found | _own()
