"""Encoding: columns of text and numbers become dense integers, once, at the door."""

from hrgcore.encode.columns import Block, Encoder, fixed_episodes, join_blocks, join_episodes
from hrgcore.encode.spells import Key, KeyRuns, SpellKeys, SpellOrder, order_rows, order_spells, order_within, orders_between
from hrgcore.encode.whole import WholeSpells

__all__ = [
    "Block",
    "Encoder",
    "Key",
    "KeyRuns",
    "SpellKeys",
    "SpellOrder",
    "WholeSpells",
    "fixed_episodes",
    "join_blocks",
    "join_episodes",
    "order_rows",
    "order_spells",
    "order_within",
    "orders_between",
]
