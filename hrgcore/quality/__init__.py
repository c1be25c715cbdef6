"""Quality at a glance: errors counted by kind, part by part, and what likely caused them."""

from hrgcore.quality.fields import InputFields, input_fields
from hrgcore.quality.glance import Finding, at_a_glance, lines
from hrgcore.quality.tally import Tally, add_tallies, tally_errors

__all__ = ["Finding", "InputFields", "Tally", "add_tallies", "at_a_glance", "input_fields", "lines", "tally_errors"]
