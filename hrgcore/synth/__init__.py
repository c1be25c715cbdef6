"""Synthetic activity: invented admissions that resemble English admitted care. No patient stands behind any of them."""

from hrgcore.synth.write import FORMATS, NAMES, synthesise

__all__ = ["FORMATS", "NAMES", "synthesise"]
