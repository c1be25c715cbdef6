"""Witnesses: for each HRG of a design a spell, found from its tables alone, that groups to it; or what is in the way."""

from hrgcore.witness.search import Unreached, Witness, Witnesses, find_witnesses

__all__ = ["Unreached", "Witness", "Witnesses", "find_witnesses"]
