"""Encoding: columns of text and numbers become dense integers, once, at the door."""

from hrgcore.encode.columns import Encoder
from hrgcore.encode.spells import SpellOrder, order_spells

__all__ = ["Encoder", "SpellOrder", "order_spells"]
