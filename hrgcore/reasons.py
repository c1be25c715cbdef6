"""Why a record has its HRG: the words that results and explanations use for the kernels' reason numbers."""

from __future__ import annotations

from hrgcore_kernels import codes

REASONS: dict[int, str] = {
    codes.REASON_NONE: "",
    codes.REASON_PROCEDURE: "procedure-driven",
    codes.REASON_DIAGNOSIS: "diagnosis-driven",
    codes.REASON_TRAUMA: "multiple trauma",
    codes.REASON_BURN: "burn",
    codes.REASON_GLOBAL: "global exception",
    codes.REASON_ROW_RULE: "by rule",
    codes.REASON_INVALID_FIELD: "invalid field",
    codes.REASON_SPELL_DISAGREES: "spell disagrees",
    codes.REASON_ERROR_CATEGORY: "error category",
    codes.REASON_PROCEDURE_NOT_COVERED: "procedure not covered",
    codes.REASON_DIAGNOSIS_NOT_COVERED: "diagnosis not covered",
    codes.REASON_NO_RULE: "no rule applies",
    codes.REASON_NO_SPLIT: "no split applies",
    codes.REASON_UNBUNDLED_ERROR: "unbundled error",
    codes.REASON_EPISODE_FAILED: "episode failed",
}
METHODS = "UPDMBG"  #: grouping method flags, by the kernels' method numbers


def is_failure(reason: int) -> bool:
    """Whether a record with this reason is in the error HRG."""
    return reason >= codes.FIRST_FAILURE
