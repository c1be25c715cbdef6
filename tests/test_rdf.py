"""Record definition files: parsing with faults by line, naming columns, picture and extract."""

from __future__ import annotations

import pyarrow as pa
import pytest

from hrgcore.errors import InputError
from hrgcore.read.rdf import RecordDefinition


def definition(*lines: str, end: str = "\n") -> RecordDefinition:
    return RecordDefinition.parse(end.join(("COMMA DELIMITED", *lines)) + end, "test.rdf")


def table(*columns: list[str | None], names: list[str] | None = None) -> pa.Table:
    names = names or [f"COLUMN_{number:02}" for number in range(1, len(columns) + 1)]
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], names=names)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_fields_come_in_order_of_position(end: str) -> None:
    parsed = definition("b,SEX,2,,,,", "a,PROCODET,1,,,,", "", end=end)
    assert [(field.name, field.field, field.position, field.line) for field in parsed.fields] == [
        ("a", "PROCODET", 1, 3),
        ("b", "SEX", 2, 2),
    ]


def test_picture_and_extract_are_kept_as_they_stand() -> None:
    field = definition('d,DIAG_01,1,,,AAA.A,. -"').fields[0]
    assert (field.picture, field.extract) == ("AAA.A", '. -"')


def test_three_items_and_a_byte_order_mark_will_do(tmp_path) -> None:
    path = tmp_path / "x.rdf"
    path.write_bytes(b"\xef\xbb\xbfComma Delimited\r\nPROCODET,PROCODET,1\r\n")
    assert RecordDefinition.read(path).fields[0].field == "PROCODET"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "starts with"),
        ("TAB DELIMITED\nA,A,1,,,,", 1, "starts with"),
        ("COMMA DELIMITED\nA,A", 2, "2 items"),
        ("COMMA DELIMITED\nA,A,1,,,,.,,x", 2, "extract can't hold a comma"),
        ("COMMA DELIMITED\nA,A,1,,,,\n,,2,,,,", 3, "no name"),
        ("COMMA DELIMITED\nA,A,0,,,,", 2, "position"),
        ("COMMA DELIMITED\nA,A,x,,,,", 2, "position"),
        ("COMMA DELIMITED\nA,A,-1,,,,", 2, "position"),
        ("COMMA DELIMITED\nA,A,10001,,,,", 2, "position"),
        ("COMMA DELIMITED\nA,A,\u00b2,,,,", 2, "position"),
        ("COMMA DELIMITED\nA,A,1,4,,,", 2, "fourth and fifth"),
        ("COMMA DELIMITED\nA,A,1,,,AB,", 2, "picture"),
        ("COMMA DELIMITED\nA,SEX,1,,,,\nB,sex,2,,,,", 3, "SEX is defined in line 2"),
        ("COMMA DELIMITED\nA,A,7,,,,\nB,B,7,,,,", 3, "column 7 is defined in line 2"),
    ],
)
def test_faults_name_their_line(text: str, line: int, says: str) -> None:
    with pytest.raises(InputError) as caught:
        RecordDefinition.parse(text, "test.rdf")
    assert f"test.rdf line {line}:" in str(caught.value)
    assert says in str(caught.value)


def test_a_definition_without_fields_is_refused() -> None:
    with pytest.raises(InputError, match="names no field"):
        RecordDefinition.parse("COMMA DELIMITED\n,,,,,,\n\n")


def test_unreadable_files(tmp_path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        RecordDefinition.read(tmp_path / "absent.rdf")
    bad = tmp_path / "bad.rdf"
    bad.write_bytes(b"COMMA DELIMITED\nA,A,1,,,,\xa3\n")
    with pytest.raises(InputError, match="bad.rdf line 2: not UTF-8"):
        RecordDefinition.read(bad)


def test_columns_get_the_fields_names_in_any_order_and_none_is_lost() -> None:
    named = definition("x,SEX,3,,,,", "y,PROCODET,1,,,,").apply(table(["a"], ["b"], ["c"]), headings=False)
    assert named.to_pydict() == {"PROCODET": ["a"], "COLUMN_02": ["b"], "SEX": ["c"]}


def test_columns_not_named_keep_their_heading() -> None:
    named = definition("y,PROCODET,1,,,,").apply(table(["a"], ["b"], names=["prov", "note"]))
    assert named.column_names == ["PROCODET", "note"]


@pytest.mark.parametrize("heading", ["DIAG_02", "oper_13", "PROCODET", "SPCDAYS", "OPERTN_4_01", " ", "PROVSPNOPS"])
def test_only_the_definition_says_what_is_a_field(heading: str) -> None:
    named = definition("y,PROCODET,1,,,,").apply(table(["a"], ["b"], names=["prov", heading]))
    assert named.column_names == ["PROCODET", "COLUMN_02"]


def test_repeated_headings_are_told_apart() -> None:
    named = definition("y,PROCODET,1,,,,").apply(table(["a"], ["b"], ["c"], names=["p", "note", "Note"]))
    assert named.column_names == ["PROCODET", "note", "COLUMN_03"]


def test_a_column_without_a_field_keeps_its_name_in_the_definition() -> None:
    parsed = definition("y,PROCODET,1,,,,", "local id,,2,,,,")
    assert parsed.apply(table(["a"], ["b"]), headings=False).column_names == ["PROCODET", "local id"]


def test_a_position_beyond_the_file_names_line_and_count() -> None:
    with pytest.raises(InputError, match=r"test.rdf line 3: SEX stands in column 4, but x.csv has 2 columns"):
        definition("y,PROCODET,1,,,,", "s,SEX,4,,,,").apply(table(["a"], ["b"]), headings=False, source="x.csv")


@pytest.mark.parametrize(
    ("picture", "extract", "text", "cut"),
    [
        ("", ".", "M51.1", "M511"),
        ("", ". ", " M 51.1.", "M511"),
        ("AAA.A", "", "M51.1", "M511"),
        ("AAA.A", "", "M51", "M51"),
        ("...", "", "M51", ""),
        (".A", "", "M51", "51"),
        ("A.", "", "M51", "M1"),
        ("AAAAA", "", "M51.1", "M51.1"),
        ("A.", "1", "M51", "M"),
        ("", "*?[", "a*b?c[", "abc"),
        ("..", "", "", ""),
        (".A", "", "é5", "5"),
    ],
)
def test_picture_and_extract(picture: str, extract: str, text: str, cut: str) -> None:
    given = table([text, None])
    result = definition(f"d,DIAG_01,1,,,{picture},{extract}").apply(given, headings=False)
    assert result.column("DIAG_01").to_pylist() == [cut, None]
    assert given.column(0).to_pylist() == [text, None]  # official outputs repeat the original


def test_a_row_of_data_is_no_headings() -> None:
    with pytest.raises(InputError, match="the first row is data, not headings: column 2"):
        definition("p,PROCODET,1,,,,", "e,EPIORDER,2,,,,").apply(table(["a"], ["1"], names=["ZZZ", "1"]))


def test_headings_of_a_file_without_any() -> None:
    assert definition("prov,PROCODET,1,,,,", "s,SEX,3,,,,").headings(4) == ["prov", "COLUMN_02", "s", "COLUMN_04"]


def test_a_shifted_definition_is_doubted() -> None:
    shifted = definition(*(f"{name},{name},{number},,,," for number, name in enumerate(["SEX", "CLASSPAT", "ADMISORC"], 2)))
    assert shifted.doubts(["SEX", "CLASSPAT", "ADMISORC", "ADMIMETH"]) == [
        "column 2 is headed CLASSPAT, but test.rdf line 2 reads it as SEX.",
        "column 3 is headed ADMISORC, but test.rdf line 3 reads it as CLASSPAT.",
    ]
    assert shifted.doubts(["x", "Sex", "anything", "ADMISORC"]) == []


def test_many_doubts_are_summed_up() -> None:
    names = [f"DIAG_{number:02}" for number in range(1, 11)]
    shifted = definition(*(f"{name},{name},{number},,,," for number, name in enumerate(names, 2)))
    doubts = shifted.doubts(names)
    assert len(doubts) == 4
    assert doubts[-1].startswith("5 more columns") or doubts[-1].startswith("6 more columns")


def test_the_official_definitions(shared) -> None:
    default = RecordDefinition.read(shared / "samples" / "HRG4+_default_APC.rdf")
    assert [field.position for field in default.fields] == list(range(1, 44))
    assert default.fields[42].field == "SPCDAYS"
    most = RecordDefinition.read(shared / "samples" / "Max_OPCS_and_ICD10.rdf")
    assert {field.extract for field in most.fields if field.field.startswith("DIAG")} == {"."}
