"""A tiny design, complete and without faults, that has a rule of every kind: for tests of both engines.

Its codes are real ones; its HRGs, hierarchies and points are invented for the purpose and mean nothing.
"""

from __future__ import annotations

_HIERARCHIES = range(13)

_SETTINGS = """\
format = 1
id = "small"
title = "A small design for tests"
release = "none"
version = "1"
status = "Invented for tests. It groups nothing as anybody does."
attribution = "None."
error_hrg = "UZ01Z"
error_label = "Data Invalid for Grouping"

[choices]
five_character_parent = { value = 1, basis = "judgement", note = "read as the parent" }
epiorder_max = { value = 97, basis = "published", note = "98 and 99 are invalid" }
age_max = { value = 130, basis = "published", note = "oldest age" }
age_unknown = { value = 999, basis = "observed", note = "an adult" }
age_rise = { value = 1, basis = "judgement", note = "a birthday" }
days_max = { value = 99999, basis = "published", note = "most days" }
"""

# Rows without their last column, `basis`, which is added below.
_TABLES: dict[str, str] = {
    "icd10": """
category,codes
A00,0 1 9
E11,0 2 9
I10,X
I21,0 9
I50,0 1 9
J18,0 1 9
J44,0 1 9
J45,0 1 8 9
J46,X
J47,X
K52,9
K63,5
M16,0 1 9
M48,4 40 41 5
N17,9
P07,0 3
R69,X X6
S02,0 1
S06,0 5
S27,0 1
S32,0 1
S72,0 1
T14,0
T20,2 3
T21,2 3
T31,0 1 2
T95,0
Z50,9
Z51,1 5
""",
    "opcs4": """
category,codes
A57,3 7 9
C99,2
E85,1 2
H20,1 2
H22,1 9
K65,1
S36,1 2
U05,1
U21,1 2 9
U50,1
V01,1
V05,1
W19,1
W37,1 9
W82,2
W90,3 4
X40,3
X72,1
Y97,1 3
Y98,1 3
Z94,2 3
""",
    "value_sets": """
field,values
SEX,0 1 2 9
CLASSPAT,1 2 3 4 5
ADMISORC,19 51 79
ADMIMETH,11 12 13 21 2A 82
DISDEST,19 51 79
DISMETH,1 2 4
MAINSPEF,100 110 191
MAINSPEF,300 314 420
TRETSPEF,100 110 191 300 314 420 812
""",
    "sets": """
set,field,values
female,SEX,2
emergency,ADMIMETH,21 2A
died,DISMETH,4
pain_service,TRETSPEF,191
imaging_service,TRETSPEF,812
rehabilitation_service,MAINSPEF,314
""",
    "diagnosis_lists": """
list,codes
burn_depth,T20-T21
burn_extent,T31
fracture,S02 S32 S72
diabetes,E11 !E119
hypertension,I10X
hypertension,I21
rehabilitation,Z509
palliative,Z515
chemotherapy,Z511
""",
    "procedure_lists": """
list,codes
companions,Y Z
left,Z943
contrast,Y97 !Y971
many_areas,Y983
chemotherapy,X72
pain_block,A57 !A573
theatre,H20-H22 W37
theatre,W90
ventilation,E85
dialysis,X403
""",
    "errors": """
error,name
UZ01,Invalid Primary Diagnosis
UZ02,Poorly Coded Primary Diagnosis
UZ03,Diagnosis Conflicts with Age
UZ05,Invalid procedure for Casemix grouping
UZ06,Poorly coded procedure
UZ15,Burns Error
""",
    "diagnoses": """
codes,hierarchy
A00,3
E11 I10X,2
I21 I50,7
J40-J47,4
J45,5
J451,1
J18,6
K63,1
M16 M48,3
N17,8
P07,4
S T,6
T14,0
Z,0
R,0
""",
    "diagnosis_errors": """
step,codes,age,diagnosis,error
,Z50,,,UZ01
,R T140,,,UZ02
,P07,19+,,UZ03
2,T20-T21,,!burn_extent,UZ15
,T203,0-0,,UZ15
""",
    "diagnosis_roots": """
step,codes,age,los,patient,primary,diagnosis,root
1,J45-J46,0-18,,,,,PD10
2,J40-J47,,,,,,DZ15
2,J451,,,female,,,DZ16
,J18,,,,,,DZ11
,E11,,,,diabetes,hypertension|palliative,KB01
2,E11,,,,,,KB02
,I10X I21 I50,,,,,,EB03
,M48,,,,,,HC32
,M484,,,,,,HC33
,M4840,,,!emergency,,,HC34
,N17,,1+,!died,,,LA07
2,N17,,,died,,,WA10
,S T !T31,,,,,,WA10
,P07,0-18,,,,,PD10
,Z51,,,,,,WA10
""",
    "procedures": """
codes,hierarchy,error,longest_stay
A573 A577,4,,
A579,4,UZ06,
E85,2,,
H20,7,,
H22,5,,
K65,4,,
S36 V01 V05,6,,
U,0,,
W19 W37,10,,
W82 W90,9,,
W903,1,,1
X,0,,
Y Z,0,UZ05,
""",
    "procedure_roots": """
step,codes,age,companion,procedure,root
,H22,,left,,FE31
2,H22,,,,FE30
,H20,,,,FE30
,W19 W37 W90,,,,HN12
,W82,19+,,,HN12
,V01 V05 S36,,,,AA50
,A57,,,!theatre,AB10
2,A57,,,,FE31
,E85,,,,DZ15
""",
    "exceptions": """
step,method,los,procedures,trauma_sites,patient,primary,diagnosis,procedure,root
1,M,,,2+,,,,,VA10
2,B,,,,,,burn_depth,,JB30
3,G,,,,pain_service,,,pain_block,AB11
3,G,0,0,,,chemotherapy,,chemotherapy,SB97
""",
    "subchapters": """
subchapter,name,cc_list,interventions
AA,Nervous System,,
AB,Pain,,
DZ,Respiratory,respiratory,ventilation
EB,Cardiac,cardiac,
FE,Digestive Endoscopy,general,
HC,Spine,,
HN,Orthopaedic,general,theatre
JB,Burns,,
KB,Diabetes,,
LA,Renal,respiratory,dialysis
PD,Paediatric,,
RD,Imaging,,
SB,Chemotherapy,,
SD,Palliative,,
VA,Multiple Trauma,,
VC,Rehabilitation,,
WA,Other,,
""",
    "roots": """
root,kind,name,interventions
AA50,core,Intracranial Procedures,
AB10,core,Pain Procedures,
AB11,core,Pain Procedures in a Pain Service,
DZ11,core,"Lobar, Atypical or Viral Pneumonia",
DZ15,core,Asthma,
DZ16,core,Allergic Asthma,
EB03,core,Heart Failure or Shock,dialysis
FE30,core,Colonoscopy,
FE31,core,Therapeutic Colonoscopy,
HC32,core,Vertebral Disorders,
HC33,core,Vertebral Fracture,
HC34,core,"Vertebral Fracture, Multiple Sites",
HN12,core,Hip Procedures,
JB30,core,"Burn,",
KB01,core,Diabetes with Hypertension,
KB02,core,Diabetes,
LA07,core,Acute Kidney Injury,
PD10,core,Paediatric Asthma,
SB97,core,Same Day Chemotherapy,
VA10,core,Multiple Trauma,
WA10,core,Other Care,
RD20,unbundled,Computerised Tomography Scan of One Area,
RD21,unbundled,Computerised Tomography Scan of Many Areas,
SB14,unbundled,Deliver Chemotherapy,
SD01,unbundled,Palliative Care,
VC04,unbundled,Rehabilitation,
""",
    "splits": """
step,root,split,age,los,cc,interventions,procedures,trauma_diagnosis,trauma_intervention,burn_severity,burn_intervention,diagnosis,procedure,label
,AA50,Z,,,,,,,,,,,,
,AB10,Z,,,,,,,,,,,,
,AB11,Z,,,,,,,,,,,,
,DZ11,A,,,3+,,,,,,,,,
,DZ11,B,,,1-2,,,,,,,,,
,DZ11,C,,,0,,,,,,,,,
,DZ15,A,,,,1+,,,,,,,,
,DZ15,B,,,2+,0,,,,,,,,
,DZ15,C,,,0-1,0,,,,,,,,
,DZ16,Z,,,,,,,,,,,,
1,EB03,A,,,,1+,,,,,,,,
2,EB03,B,,,2+,,,,,,,,,
2,EB03,C,,,0-1,,,,,,,,,
,FE30,A,19+,,3+,,,,,,,,,
,FE30,B,19+,,0-2,,,,,,,,,
,FE30,C,0-18,,,,,,,,,,,
,FE31,Z,,,,,,,,,,,,
,HC32,Z,,,,,,,,,,,,
,HC33,A,,5+,,,,,,,,,,
,HC33,B,,0-4,,,,,,,,,,
,HC34,Z,,,,,,,,,,,,
,HN12,A,,,,2+,,,,,,,,
,HN12,B,,,1+,0-1,,,,,,,,
,HN12,C,,,0,0-1,,,,,,,,
,JB30,A,,,,,,,,4+,,,,
,JB30,B,,,,,,,,0-3,1+,,,
,JB30,C,,,,,,,,0-3,0,,,
,KB01,Z,,,,,,,,,,,,
,KB02,A,,,,,,,,,,palliative,,with Palliative Care
,KB02,B,,,,,,,,,,!palliative,dialysis,with Dialysis
,KB02,C,,,,,,,,,,!palliative,!dialysis,
,LA07,A,,,1+,,,,,,,,,
,LA07,B,,,0,,,,,,,,,
,PD10,A,,1+,,,,,,,,,,
,PD10,B,,0,,,,,,,,,,
,SB97,Z,,,,,,,,,,,,
,VA10,A,,,,,,33+,,,,,,
,VA10,B,,,,,,0-32,9+,,,,,
,VA10,C,,,,,,0-32,0-8,,,,,
,WA10,A,,,,,2+,,,,,,,with Multiple Procedures
,WA10,B,,,,,0-1,,,,,fracture,,with Fracture
,WA10,C,,,,,0-1,,,,,!fracture,,
,RD20,A,19+,,,,,,,,,,,
,RD20,B,0-18,,,,,,,,,,,
,RD21,Z,,,,,,,,,,,,
,SB14,Z,,,,,,,,,,,,
,SD01,Z,,,,,,,,,,,,
,VC04,Z,,,,,,,,,,,,
""",
    "cc_lists": """
list,points,codes
respiratory,1,I50 E11 N17 J40-J47
respiratory,2,J46X
respiratory,2,I501
cardiac,1,E11
cardiac,2,N179
general,1,I10X I50 E11 M48
general,2,J18
""",
    "cc_exclusions": """
list,primary,excluded
respiratory,J18,J40-J47 !J46
*,I50,I21 E119
cardiac,I21,E11
""",
    "scores": """
score,component,points,codes
trauma_diagnosis,head,20,S06
trauma_diagnosis,head,4,S02 S060
trauma_diagnosis,chest,15,S27
trauma_diagnosis,pelvis,9,S32
trauma_diagnosis,leg,6,S72
trauma_intervention,,9,V01 V05
trauma_intervention,fixation,5,W19
trauma_intervention,fixation,7,W82
burn_severity,depth,1,T20-T21
burn_severity,depth,3,T203
burn_severity,,2,T31
burn_severity,,0,T310
burn_intervention,graft,2,S36
""",
    "unbundling": """
step,codes,age,patient,companion,diagnosis,procedure,root,days
,X721,,,,,!dialysis,SB14,
,U21,,,many_areas contrast,,,RD21,
2,U21,,!imaging_service,,,,RD20,
1,U219,,,!contrast,,,UZ06,
,U501,,,,,,VC04,rehabilitation
,U05,19+,,,,,RD20,
2,,,,,palliative,,SD01,palliative
1,,,rehabilitation_service,,rehabilitation,,VC04,rehabilitation
""",
}


def small_texts() -> dict[str, str]:
    """The design's files: name to text."""
    texts = {"design.toml": _SETTINGS, "grid.csv": _grid()}
    for table, text in _TABLES.items():
        heading, *rows = text.strip().splitlines()
        texts[f"{table}.csv"] = "\n".join([f"{heading},basis", *(f"{row},judgement" for row in rows)]) + "\n"
    return texts


def _grid() -> str:
    """The procedure drives where its hierarchy is above 0 and not below the diagnosis's."""
    lines = [",".join(["procedure", *map(str, _HIERARCHIES), "basis"])]
    for procedure in _HIERARCHIES:
        drivers = ["P" if procedure and procedure >= diagnosis else "D" for diagnosis in _HIERARCHIES]
        lines.append(",".join([str(procedure), *drivers, "judgement"]))
    return "\n".join(lines) + "\n"
