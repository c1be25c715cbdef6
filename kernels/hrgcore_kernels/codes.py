"""Small whole numbers that kernels and callers share: reasons, methods, flags of failed fields, fact numbers.

Plain integers, so that Numba sees constants. Numbers of reasons and methods are written into results only as text.
"""

# Why a record has its HRG. Reasons below FIRST_FAILURE are grouped records.
REASON_NONE = 0
REASON_PROCEDURE = 1
REASON_DIAGNOSIS = 2
REASON_TRAUMA = 3
REASON_BURN = 4
REASON_GLOBAL = 5
REASON_ROW_RULE = 6  # of a row that is grouped by itself
FIRST_FAILURE = 10
REASON_INVALID_FIELD = 10
REASON_SPELL_DISAGREES = 11
REASON_ERROR_CATEGORY = 12
REASON_PROCEDURE_NOT_COVERED = 13
REASON_DIAGNOSIS_NOT_COVERED = 14
REASON_NO_RULE = 15
REASON_NO_SPLIT = 16
REASON_UNBUNDLED_ERROR = 17
REASON_EPISODE_FAILED = 18

# Grouping methods, numbered as the reasons that give them; 0 is U.
METHOD_FAILED = 0
METHOD_PROCEDURE = 1
METHOD_DIAGNOSIS = 2
METHOD_TRAUMA = 3
METHOD_BURN = 4
METHOD_GLOBAL = 5
METHOD_OUTPATIENT = 6  # of attendances only: by the attendance itself

# Coded fields, in the order of their column in the encoded episodes (hrgcore.columns.CODED_FIELDS).
SEX, CLASSPAT, ADMISORC, ADMIMETH, DISDEST, DISMETH, MAINSPEF, TRETSPEF = range(8)
N_CODED = 8

# Bits of the word of failed checks of an episode. Coded field i has bit FAIL_CODED + i.
FAIL_EPIORDER = 0
FAIL_STARTAGE = 1
FAIL_EPIDUR = 2
FAIL_CRITICALCAREDAYS = 3
FAIL_REHABILITATIONDAYS = 4
FAIL_SPCDAYS = 5
FAIL_PRIMARY = 6
FAIL_DIAGNOSIS = 7
FAIL_PROCEDURE = 8
FAIL_CODED = 9
# Bits from here on are set on every episode of a spell.
FIRST_SPELL_FAILURE = 20
FAIL_DUPLICATE_EPIORDER = 20
FAIL_SEX_DISAGREES = 21
FAIL_CLASSPAT_DISAGREES = 22
FAIL_ADMISORC_DISAGREES = 23
FAIL_ADMIMETH_DISAGREES = 24
FAIL_AGE_DISAGREES = 25

# Encoded numbers that are no number.
NUMBER_BLANK = -1
NUMBER_INVALID = -2

AGES_UNDER_ONE = (7001, 7007)  # HES: under a day to under a year, docs/grouping.md section 1

# Facts of a record, as hrgcore.design.conditions.RANGE_FACTS orders them; words of list bits follow.
FACT_AGE = 0
FACT_LOS = 1
FACT_CC = 2
FACT_INTERVENTIONS = 3
FACT_PROCEDURES = 4
FACT_TRAUMA_SITES = 5
FACT_TRAUMA_DIAGNOSIS = 6
FACT_TRAUMA_INTERVENTION = 7
FACT_BURN_SEVERITY = 8
FACT_BURN_INTERVENTION = 9
N_RANGE_FACTS = 10

# Scores; also the bits, among the lists of diagnoses and of procedures, of the codes that have points in them.
BURN = 0
TRAUMA = 1
N_SCORES = 2

LIST_BITS = 63  # lists held in one 64-bit word; the sign bit is left alone
