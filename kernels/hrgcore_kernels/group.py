"""The entry point: group a slice of spells, each episode and then the spell as a whole."""

import numpy as np

from hrgcore_kernels.accelerate import kernel
from hrgcore_kernels.codes import REASON_EPISODE_FAILED
from hrgcore_kernels.layout import EPISODE_RESULT, SPELL_RESULT, UNBUNDLED, Design, Episodes, Int64s, Records, Scratch
from hrgcore_kernels.outcome import fails_before_grouping, failure
from hrgcore_kernels.record import group_record
from hrgcore_kernels.signatures import DESIGN, EPISODES, SCRATCH, array
from hrgcore_kernels.unbundle import unbundle
from hrgcore_kernels.validate import calculated_days, disagreements, failed_checks


@kernel(
    (
        DESIGN,
        EPISODES,
        array("i8"),
        array("i8"),
        array(EPISODE_RESULT, writable=True),
        array(SPELL_RESULT, writable=True),
        array(UNBUNDLED, writable=True),
        array("i8", writable=True),
        SCRATCH,
    )
)
def group_spells(
    design: Design,
    episodes: Episodes,
    rows: Int64s,
    spell_start: Int64s,
    results: Records,
    spells: Records,
    unbundled: Records,
    counts: Int64s,
    scratch: Scratch,
) -> None:
    """Group the spells of a slice.

    ``rows`` [episodes of the slice] are input rows, spell by spell in EPIORDER; ``spell_start`` [spells + 1] are places in it.
    ``results`` are indexed by input row; ``spells`` and ``unbundled`` are the slice's own, with room for one unbundled HRG more
    than there are procedures for each episode. ``counts[0]`` becomes the number of unbundled HRGs. Rule: docs/grouping.md.
    """
    settings = design.settings
    written = 0
    for spell in range(len(spell_start) - 1):
        low, high = spell_start[spell], spell_start[spell + 1]
        together = disagreements(settings, episodes, rows, low, high)
        spell_los = np.int64(0)
        critical = np.int64(0)
        all_grouped = True
        outcome = failure(REASON_EPISODE_FAILED, 0, 0, -1)
        report = rows[low]
        dominant = np.int64(0)
        # Each episode, and then, where there are several and all were grouped, the spell: both are records of rows first to end.
        for at in range(low, high + 1):
            whole = at == high
            row = rows[low if whole else at]
            failed = np.int64(0)
            if whole:
                if not all_grouped:
                    outcome = failure(REASON_EPISODE_FAILED, 0, 0, -1)
                    dominant = np.int64(0)
                if not all_grouped or high - low == 1:
                    break
                first, end, los = low, high, spell_los
            else:
                failed = together | failed_checks(settings, episodes, row)
                first, end, los = at, at + 1, calculated_days(episodes, row, settings[5])
                spell_los += los
                days = episodes.rows[row].critical_care_days
                critical += days if 0 < days <= settings[5] else 0
            outcome, report, dominant, failed = group_record(design, episodes, rows, first, end, los, failed, scratch)
            if whole:
                break
            if not fails_before_grouping(outcome):
                written, outcome = unbundle(design, episodes, row, outcome, scratch, unbundled, written)
            if outcome.hrg == 0:
                all_grouped = False
                dominant = np.int64(0)
            result = results[row]
            result.hrg = outcome.hrg
            result.method = outcome.method
            result.reason = outcome.reason
            result.dominant = dominant
            result.root_rule = outcome.root_rule
            result.split_rule = outcome.split_rule
            result.los = los
            result.failed = failed
            result.error = outcome.error
            result.error_at = outcome.error_at
            result.report = 0
        if outcome.hrg == 0:
            report = rows[low]
        results[report].report = 1
        whole_spell = spells[spell]
        whole_spell.hrg = outcome.hrg
        whole_spell.method = outcome.method
        whole_spell.reason = outcome.reason
        whole_spell.dominant = dominant
        whole_spell.root_rule = outcome.root_rule
        whole_spell.split_rule = outcome.split_rule
        whole_spell.los = spell_los
        whole_spell.critical_care_days = critical
        whole_spell.report_row = report
    counts[0] = written
