"""Joining critical care and dialysis to spells, so that a spell's whole set of HRGs stands in one table. See docs/linking.md."""

from __future__ import annotations

from hrgcore.linking.join import Linked, link

__all__ = ["Linked", "link"]
