"""The logics of single rows and their columns, declared once: readers, encoding, validation, writers and docs read this registry.

What values a field accepts, and every rule, stands in the design's tables.
"""

from __future__ import annotations

from hrgcore.logics.fields import Field, Flag, Logic, Span

_DAYS = "days, in the critical care period, of "
_PERIOD = (
    Field("PROCODET", "key", "Provider", "provider; with CCLocalID the key of the critical care period", must=True),
    Field("CCLocalID", "key", "Critical Care Local Identifier", "local identifier of the critical care period", must=True),
    Field("CCDate", "date", "Critical Care Date", "the day that the row is of", must=True),
    Field("DISDATE", "date", "Discharge Date", "day on which the period ended", aliases=("DISCHARGEDATE",)),
    Field("DISMETH", "coded", "Discharge Method", "discharge method"),
)
_SORTED = ("PROCODET", "CCLocalID", "CCDate")
_UNIT = Field(
    "CCUF", "coded", "Critical Care Unit Function", "critical care unit function", True, forgives_zero=True, aliases=("UNITFUN",)
)
_ACTIVITY = Field(
    "CCAC", "coded", "Critical Care Activity Code", "critical care activity of the day", many=True, forgives_zero=True
)

ACC = Logic(
    name="acc",
    title="adult critical care",
    rows="periods",
    file="acc",
    fields=(
        _UNIT,
        Field(
            "BCSD", "number", "Basic Cardiovascular Support Days", _DAYS + "basic cardiovascular support", aliases=("BCARDSUPDAYS",)
        ),
        Field(
            "ACSD",
            "number",
            "Advanced Cardiovascular Support Days",
            _DAYS + "advanced cardiovascular support",
            aliases=("ACARDSUPDAYS",),
        ),
        Field("BRSD", "number", "Basic Respiratory Support Days", _DAYS + "basic respiratory support", aliases=("BRESSUPDAYS",)),
        Field(
            "ARSD", "number", "Advanced Respiratory Support Days", _DAYS + "advanced respiratory support", aliases=("ARESSUPDAYS",)
        ),
        Field("RSD", "number", "Renal Support Days", _DAYS + "renal support", aliases=("RENSUPDAYS",)),
        Field("NSD", "number", "Neurological Support Days", _DAYS + "neurological support", aliases=("NEUROSUPDAYS",)),
        Field("DSD", "number", "Dermatological Support Days", _DAYS + "dermatological support", aliases=("DERMSUPDAYS",)),
        Field("LSD", "number", "Liver Support Days", _DAYS + "liver support", aliases=("LIVERSUPDAYS",)),
        Field("CCL2D", "number", "Critical Care Level 2 Days", _DAYS + "level 2 care", aliases=("CCLEV2DAYS",)),
        Field("CCL3D", "number", "Critical Care Level 3 Days", _DAYS + "level 3 care", aliases=("CCLEV3DAYS",)),
        Field("CC_Start_Date", "date", "Critical Care Start Date", "first day", checked=False, aliases=("CCSTARTDATE",)),
        Field("CC_Discharge_Date", "date", "Critical Care Discharge Date", "last day", checked=False, aliases=("CCDISDATE",)),
    ),
    spans=(Span("days", "CC_Start_Date", "CC_Discharge_Date", inclusive=True),),
    span_columns=(("Calc_CC_Days", "days"),),
    flag=Flag(
        "CC_Warning_Flag",
        "F",
        "days",
        (
            (("CCL2D", "CCL3D"), ("days",)),
            (("ARSD", "BRSD"), ("days",)),
            (("ARSD", "BRSD"), ("CCL2D", "CCL3D")),
        ),
    ),
)
EM = Logic(
    name="em",
    title="emergency medicine",
    rows="attendances",
    file="attend",
    fields=(
        Field("AGE", "age", "Age", "age in whole years; plays no part in grouping", must=True, aliases=("ARRIVALAGE",)),
        Field("AEPATIENTGROUP", "coded", "A&E Patient Group", "reason for the attendance", aliases=("AEPATGROUP",)),
        Field("INV", "coded", "Investigation", "investigation", many=True, aliases=("INVEST",)),
        Field("TREAT", "coded", "Treatment", "treatment, with its sub-analysis if it has one", many=True),
    ),
)
NRD = Logic(
    name="nrd",
    title="renal dialysis",
    rows="sessions",
    file="renal",
    fields=(
        Field("RENALMOD", "coded", "Renal Treatment Modality", "treatment modality", must=True),
        Field("RENALSITE", "coded", "Renal Treatment Site", "where the treatment was given", must=True),
        Field("AGE", "age", "Age", "age in whole years", must=True),
        Field("RENALACCESS", "coded", "Renal Access", "type of access to the circulation"),
        Field("HBV", "coded", "Hepatitis B Virus Status", "hepatitis B virus"),
        Field("HCV", "coded", "Hepatitis C Virus Status", "hepatitis C virus"),
        Field("HIV", "coded", "HIV Status", "human immunodeficiency virus"),
    ),
)
PCC = Logic(
    name="pcc",
    title="paediatric critical care",
    rows="days",
    file="pcc",
    fields=(
        *_PERIOD,
        _UNIT,
        _ACTIVITY,
        Field("OPER", "opcs4", "Procedure", "procedure of the day", many=True, aliases=("OPERTN",)),
        Field("DIAG", "icd10", "Diagnosis", "diagnosis", many=True),
    ),
    sorted_by=_SORTED,
)
NCC = Logic(
    name="ncc",
    title="neonatal critical care",
    rows="days",
    file="ncc",
    fields=(
        *_PERIOD,
        _UNIT,
        Field(
            "GestLen", "number", "Gestation Length", "length of gestation at birth, in whole weeks", must=True, aliases=("GESTAT",)
        ),
        Field("PERWT", "thousandths", "Person Weight", "weight on the day, in kilograms", must=True),
        _ACTIVITY,
        Field("AGE_DAYS", "number", "Age in Days", "age on the day, in days"),
    ),
    spans=(Span("days_to_discharge", "CCDate", "DISDATE"),),
    sorted_by=_SORTED,
)

_SPECIALTY = "main specialty of the consultant, or of whoever was seen"
NAC = Logic(
    name="nac",
    title="non-admitted care",
    rows="attendances",
    file="attend",
    fields=(
        Field("STARTAGE", "age", "Age", "age in whole years", must=True, aliases=("APPTAGE",)),
        Field("SEX", "coded", "Sex", "sex", must=True),
        Field("MAINSPEF", "coded", "Main Specialty", _SPECIALTY, must=True),
        Field("TRETSPEF", "coded", "Treatment Function", "treatment function", must=True),
        Field("FIRSTATT", "coded", "First Attendance", "first attendance or follow-up, face to face or not", must=True),
        Field("OPER", "opcs4", "Procedure", "procedure", many=True, aliases=("OPERTN", "OPERTN_4")),
    ),
    attendances=True,
)

#: By name, in the order in which help and messages name them.
ROW_LOGICS: dict[str, Logic] = {logic.name: logic for logic in (ACC, EM, NAC, PCC, NRD, NCC)}
