"""Encoding: columns of text and numbers become dense integers, once, at the door."""

from hrgcore.encode.columns import Block, Encoder, join_blocks
from hrgcore.encode.spells import Key, KeyRuns, SpellKeys, SpellOrder, order_rows, order_spells

__all__ = ["Block", "Encoder", "Key", "KeyRuns", "SpellKeys", "SpellOrder", "join_blocks", "order_rows", "order_spells"]
