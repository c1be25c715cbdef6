"""The arrays that go into the kernels and come out, by name. Index 0 is UNKNOWN (or none) in every table of a design.

What belongs to one rule, code or episode stands together in one record, so that a look-up touches one line of memory.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrgcore_kernels.codes import N_CODED, N_RANGE_FACTS

FOUR_PLACES = 26 * 100 * 11  #: ICD-10: letter, two digits, digit or X
FIVE_PLACES = FOUR_PLACES * 10  #: and a fifth digit
OPCS4_PLACES = 26 * 1000  #: letter, three digits
FIELD_PLACES = 37**3  #: up to three letters or digits
VALUES = 256  #: numbers that values of a coded field can have
HIERARCHIES = 16  #: that the grid has room for: 0 to 12, and -1 as the last
ANY_STAY = 2**31 - 1  #: of a procedure that may be dominant however long the stay is
EXTRA = 8  #: codes for which there is room behind those of a block of spells
TURNS = 255  #: that can be told apart in a byte
EACH_CODE = 63  #: the component of a code that counts by itself

Int8s = npt.NDArray[np.int8]
Int16s = npt.NDArray[np.int16]
UInt8s = npt.NDArray[np.uint8]
UInt16s = npt.NDArray[np.uint16]
UInt32s = npt.NDArray[np.uint32]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]
Indices = Int8s | Int16s | Int32s  #: of a dictionary
Records = npt.NDArray[np.void]


def _record(**fields: str) -> np.dtype[np.void]:
    return np.dtype([(name, f"<{kind}") for name, kind in fields.items()], align=True)


#: A rule: where it leads (HRG or root; minus an error category), the method of an exception, the days of an unbundling (0 none,
#: 1 rehabilitation, 2 palliative).
RULE = _record(outcome="i2", method="u1", days="u1")
#: A test of a fact. It holds where what the mask leaves of the fact lies from ``low`` to ``low + span``, as unsigned numbers. A
#: range has all bits in its mask; "any of these bits" is 1 and above, "none of them" is 0: one form for all tests spares the
#: kernels a branch for each.
TEST = _record(mask="i8", low="i8", span="u8", fact="u2")
#: A step of a chain is one number of 64 bits: from the low ones up that of a test, where that leads if it holds, and where if it
#: fails: to a rule (0: none applies), or by so many steps on, as a negative number. One look-up gives all, and no branch.
STEP = np.dtype("<i8")
TEST_BITS, LEAD_BITS = 16, 24
#: An ICD-10 number: its row of `Design.diagnosis_words`, the number of its first four characters among those of codes on CC lists
#: (0: it is on none), and its row of `Design.primaries`. Many codes have the same rows: so what all of them have is small enough to
#: stay in the processor's second cache. A code has eight bytes, as a multiple of eight is found without a step of its own.
DIAGNOSIS = _record(words="u4", cc="u2", primary="u2")
#: What some ICD-10 numbers are as a primary diagnosis; hierarchy -1 is not covered. ``excludes``: see `Design.exclusions`.
PRIMARY = _record(error_chain="i4", root_chain="i4", hierarchy="i1", excludes="u1")
#: An OPCS-4 number: its rows of `Design.procedure_words` and `Design.procedure_kinds`.
PROCEDURE = _record(words="u2", kind="u2")
#: What some OPCS-4 numbers are: ``lists`` is their first word of bits of lists; ``longest_stay`` in days, beyond which they can't
#: be dominant (ANY_STAY: never beyond); ``traits`` has bits of those below. ``asks``: of the words of lists that only root chains
#: ask for, those that its root chain does, counted from the first of them: the first one in the low ASK_BITS, in the high ones that
#: behind the last (ALL_BEHIND: all there are); 0 for none.
PROCEDURE_KIND = _record(
    lists="i8",
    root_chain="i4",
    unbundle_chain="i4",
    longest_stay="i4",
    hierarchy="i1",
    error="u1",
    traits="u1",
    asks="u1",
)
ASK_BITS = 4
ALL_BEHIND = (1 << ASK_BITS) - 1
UNKNOWN = 1  #: it is number 0
NOT_COVERED = 2  #: its hierarchy is -1
USABLE = 4  #: it has a hierarchy that is not 0, or no error category
COMPANION = 8  #: it says more of the code before it
UNBUNDLES = 16  #: it has a chain of unbundling
ASKS_COMPANIONS = 32  #: its root chain asks for lists of the codes behind it
#: What a code has in a score; component 0 is none.
SCORE = _record(points="i2", component="u1")
#: What a record must have for a rule of a chain that is tried for every record to apply: any of a mask's bits in some such fact.
GATE = _record(fact="i8", exceptions="i8", unbundling="i8")
#: A root: its splits, its CC list (-1: none), the points of every code on it (0: they differ, see cc_points), the word and the bit
#: of that list, whether it counts interventions, and the word and the bit of their list.
ROOT = _record(
    split_chain="i4",
    cc_list="i2",
    cc_points="i1",
    cc_word="u1",
    cc_bit="u1",
    counts_interventions="u1",
    intervention_word="u1",
    intervention_bit="u1",
)
#: Secondary diagnoses that give no points on a CC list (-1: all lists): numbers from low to high.
EXCLUSION = _record(cc_list="i4", low="i4", high="i4")
#: An encoded episode: where its codes stand, and its numbers (NUMBER_BLANK or NUMBER_INVALID where there is none).
EPISODE = _record(
    diagnosis_start="u4",
    diagnosis_end="u4",
    procedure_start="u4",
    procedure_end="u4",
    epiorder="i4",
    age="i4",
    epidur="i4",
    critical_care_days="i4",
    rehabilitation_days="i4",
    palliative_days="i4",
)
#: What grouping gives for an episode. ``los`` is CalcEpidur, ``failed`` has bits FAIL_*, ``error_at`` is the place among the
#: record's procedures of the code at fault (-1: the primary diagnosis), ``report`` 1: gave the spell's primary diagnosis.
EPISODE_RESULT = _record(
    root_rule="i4",
    split_rule="i4",
    hrg="u2",
    dominant="u2",
    method="u1",
    reason="u1",
    error="u1",
    report="u1",
    los="i4",
    failed="u4",
    error_at="i2",
)
#: What grouping gives for a spell; ``report_row`` is the episode that gave the primary diagnosis.
SPELL_RESULT = _record(
    root_rule="i4",
    split_rule="i4",
    hrg="u2",
    dominant="u2",
    method="u1",
    reason="u1",
    los="i8",
    critical_care_days="i8",
    report_row="i8",
)
#: An unbundled HRG; ``at`` is the place among the episode's procedures of the one that gave it (-1: the episode itself).
UNBUNDLED = _record(row="i8", days="i4", rule="i4", split_rule="i4", hrg="u2", at="i2")


class Design(NamedTuple):
    """A compiled design."""

    rules: Records  # RULE
    tests: Records  # TEST
    steps: Int64s  # STEP; a chain is the place of its first step
    diagnoses: Records  # DIAGNOSIS [codes]
    diagnosis_words: (
        Int64s  # [rows, two words or more] bits of lists; the first word of UNKNOWN has the sign bit, which no list has
    )
    diagnosis_scores: Records  # SCORE [BURN and TRAUMA, codes]
    primaries: Records  # PRIMARY
    procedures: Records  # PROCEDURE [codes]
    procedure_kinds: Records  # PROCEDURE_KIND
    procedure_words: Int64s  # [rows, words]
    procedure_scores: Records  # SCORE [BURN and TRAUMA, codes]
    roots: Records  # ROOT
    cc_points: Int8s  # [lists, codes]
    exclusion_start: Int32s  # [codes + 1], by primary diagnosis
    exclusions: Records  # EXCLUSION
    grid: UInt8s  # [256] method by procedure's and diagnosis's hierarchy, see `grid_place`
    field_sets: Int64s  # [words x coded fields x 256] bits of sets of each value; the first word of value 0 has the sign bit
    used_words: Int64s  # words of lists that rules ask for: of diagnoses; of procedures, but in their root rules; of companions
    whole_record_chains: Int32s  # exceptions; unbundling by the episode itself
    gates: Records  # GATE
    ungated: Int64s  # [2] whether a record need not have anything of that: 1 or 0, of each of these chains
    settings: Int64s  # five_character_parent, epiorder_max, age_max, age_unknown, age_rise, days_max


def count_facts(design: Design) -> int:
    """How many facts a record has under a design: ranges, and the words of each scope."""
    words = len(design.field_sets) // (N_CODED * VALUES) + 2 * design.diagnosis_words.shape[1] + 2 * design.procedure_words.shape[1]
    return N_RANGE_FACTS + words


class Lookups(NamedTuple):
    """Direct-addressed tables from text to numbers."""

    icd10_four: UInt16s
    icd10_five: UInt16s
    opcs4: UInt16s
    field: UInt8s  # [coded fields, FIELD_PLACES]


class Episodes(NamedTuple):
    """Encoded episodes, in input order. Blank code cells are left out; DIAG_01 always stands, as UNKNOWN where it is blank."""

    rows: Records  # EPISODE
    coded: UInt8s  # [episodes, coded fields] numbers of values; 0 not accepted
    diagnoses: UInt16s
    procedures: UInt16s


#: How many episodes are read and written again while they are in the processor's second cache.
CHUNK = 4096
#: How many records are grouped side by side. A block of them, with facts and codes, stays in the processor's first two caches.
BLOCK = 256
#: A record while it is grouped: an episode, or all episodes of a spell. Places are unsigned, so that Numba need not ask whether
#: they count from the end.
RECORD = _record(
    first="u8",  # places in `rows` of its first episode, and behind its last
    end="u8",
    report="u8",  # the row that gives the primary diagnosis
    los="i8",
    diagnosis_start="u8",  # places among the codes
    diagnosis_end="u8",
    procedure_start="u8",
    procedure_end="u8",
    weightiest="u8",  # the row whose primary diagnosis weighs most
    spell="u4",  # place among the slice's, of a record of a spell
    chain="u4",  # from what drives it to its root
    failed="u4",
    dominant_at="i4",  # place among its procedures; -1 for none
    error_at="i4",  # likewise
    root_rule="i4",  # what results have too, in their order: so it is copied in few moves
    split_rule="i4",
    hrg="u2",
    dominant="u2",
    method="u1",
    reason="u1",
    error="u1",
    traits="u1",  # those that any of its procedures has
    primary="u2",  # numbers of codes
    leading="u2",  # the dominant procedure, whether it drives or not
    root="u2",
    unbundles="u1",  # whether a rule may give an unbundled HRG for it as a whole
)


class Scratch(NamedTuple):
    """Room for the block of records that is being grouped."""

    records: Records  # RECORD [BLOCK]
    facts: Int64s  # [BLOCK, count_facts]: ranges, then words of list bits
    diagnoses: UInt16s  # those of a block of spells, side by side: as many as any has
    procedures: UInt16s
    seen_diagnoses: UInt8s  # [codes]: the last turn, 0 for none, in which a diagnosis of this number for CC scores was counted
    seen_procedures: UInt8s  # [codes]: likewise, of procedures
    turn: UInt8s  # [1]: the last turn of counting, of TURNS
    best: Int64s  # [EACH_CODE + 1]: largest points of each component
    step: UInt32s  # [BLOCK]: where each record's walk along a chain is
    rule: Int32s  # [BLOCK]: and the rule that it came to, 0 for none
    walking: UInt32s  # [BLOCK]: records whose walk goes on
    doubtful: UInt32s  # [BLOCK]: records whose primary diagnosis may be an error
    excepted: UInt32s  # [BLOCK]: those to which an exception may apply
    unbundling: UInt32s  # [BLOCK]: those that may give an unbundled HRG
    rooted: UInt32s  # [BLOCK]: those that have a root
    scored: UInt32s  # [BLOCK]: those that may have a CC score
    intervened: UInt32s  # [BLOCK]: those whose interventions count
    several: UInt32s  # [more than half of CHUNK]: spells of several episodes, as places among the slice's
    failed: UInt32s  # [episodes of the slice]: bits of the checks that they fail together with others
