"""Reading CSV, Parquet, Arrow and folders: what comes in, and what is said of files that can't be read."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from hrgcore.errors import InputError
from hrgcore.read import InputWarning, input_files, parquet, read_csv, read_input, read_stream

SECRET = "9434765919"  # stands for a patient's data: no message may hold it


@pytest.fixture
def write(tmp_path):
    def write_file(content: bytes, name: str = "in.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_file


def refused(path, **options) -> str:
    with pytest.raises(InputError) as caught:
        read_input(path, **options)
    message = str(caught.value)
    assert SECRET not in message
    assert caught.value.__cause__ is None and caught.value.__suppress_context__ or caught.value.__context__ is None
    return message


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n01,2A\n,NA\n",
        b"a,b\r\n01,2A\r\n,NA\r\n",
        b"\xef\xbb\xbfa,b\n01,2A\n,NA",
        b'"a","b"\n"01",2A\n,"NA"\n',
        b"\na,b\n01,2A\n\n,NA\n\n",
    ],
    ids=["lf", "crlf", "bom", "quoted", "empty lines"],
)
def test_every_cell_is_text(write, content: bytes) -> None:
    table = read_input(write(content))
    assert table.to_pydict() == {"a": ["01", ""], "b": ["2A", "NA"]}
    assert table.schema.types == [pa.string(), pa.string()]


def test_quotes_commas_and_line_ends_in_values(write) -> None:
    table = read_input(write(b'a,b\n"x,y","say ""so"""\n"two\r\nlines",z\n'))
    assert table.to_pydict() == {"a": ["x,y", "two\r\nlines"], "b": ['say "so"', "z"]}


def test_without_headings_columns_are_numbered(write) -> None:
    assert read_input(write(b"\xef\xbb\xbf1,2\n3,4\n"), headings=False).to_pydict() == {
        "COLUMN_01": ["1", "3"],
        "COLUMN_02": ["2", "4"],
    }


def test_a_blank_heading_is_numbered(write) -> None:
    assert read_input(write(b"a,,c\n1,2,3\n")).column_names == ["a", "COLUMN_02", "c"]


@pytest.mark.parametrize("content", [b"a,b", b"a,b\n", b"a,b\r\n\r\n"])
def test_headings_alone_make_no_rows(write, content: bytes) -> None:
    table = read_input(write(content))
    assert (table.num_rows, table.column_names) == (0, ["a", "b"])


def test_headings_over_two_lines(write) -> None:
    assert read_input(write(b'"a\nx",b\n1,2\n')).to_pydict() == {"a\nx": ["1"], "b": ["2"]}


def test_many_blocks(write) -> None:
    rows = 200_000
    path = write(b"a,b\n" + b"".join(b"%d,%s\n" % (row, b"x" * 60) for row in range(rows)))
    table = read_input(path)
    assert table.num_rows == rows
    assert table.column("a")[rows - 1].as_py() == str(rows - 1)


@pytest.mark.parametrize("quote", [b"", b'"'], ids=["plain", "quoted"])
@pytest.mark.parametrize(
    ("headings", "says"),
    [
        (True, "row 2 (line 3) has 3 columns where the headings have 2"),
        (False, "row 3 (line 3) has 3 columns where the first row has 2"),
    ],
)
def test_a_ragged_row_is_named(write, headings: bool, says: str, quote: bytes) -> None:
    path = write(quote + b"1" + quote + b",2\n3,4\n%s,6,7\n" % SECRET.encode())
    assert f"{path}: {says}" in refused(path, headings=headings)


def test_a_short_row_is_named(write) -> None:
    assert "row 1 (line 2) has 1 columns" in refused(write(b"a,b\n%s\n" % SECRET.encode()))


def test_a_ragged_row_far_down(write) -> None:
    path = write(b"a,b\n" + b"1,2\n" * 3_000_000 + b"%s\n" % SECRET.encode())
    assert "row 3000001 (line 3000002) has 1 columns" in refused(path)


def test_a_quote_that_stays_open(write) -> None:
    path = write(b'a,b\n1,2\n"%s,4\n5,6\n' % SECRET.encode())
    assert "row 2" in refused(path)
    path = write(b'a,b\n1,2\n"%s,4\n' % SECRET.encode() + b"5,6\n" * 50_000)
    assert "row 2 has a quote that is not closed" in refused(path)
    path = write(b'a,b\n"%s,4\n' % SECRET.encode() + b"5,6\n" * 50_000)
    assert "row 1 has a quote that is not closed" in refused(path)
    path = write(b'a,"b\n' + b"%s,6\n" % SECRET.encode() * 50_000)
    assert "the first row can't be read as CSV: a quote in it is not closed" in refused(path)


def test_latin_1_is_named_by_line_and_column(write) -> None:
    message = refused(write(b"a,b\n1,2\n%s,\xa3\n" % SECRET.encode()))
    assert "line 3, column 2 is not UTF-8" in message
    assert "heading of column 2 is not UTF-8" in refused(write(b"a,\xa3\n1,2\n"))


def test_utf_16_and_nul_bytes(write) -> None:
    assert "UTF-16" in refused(write("a,b\n1,2\n".encode("utf-16")))
    assert "line 2 has a NUL byte" in refused(write(b"a,b\n1,\x00\n"))


@pytest.mark.parametrize("content", [b"a,b,a\n1,2,3\n", b"a,b, A \n1,2,3\n"])
def test_headings_that_stand_twice(write, content: bytes) -> None:
    message = refused(write(content))
    assert "stands twice, in columns 1 and 3" in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\r\n", "nothing but empty lines"),
        (b"PK\x03\x04....", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0....", "old Excel"),
        (b"\x1f\x8b....", "gzip"),
        (b"FEA1....", "Feather file of version 1"),
        (b"PAR1 and nothing else", "not a readable Parquet file"),
        (b"ARROW1 and nothing else", "not a readable Arrow IPC file"),
        (b"\xff\xff\xff\xff and nothing else", "not a readable Arrow IPC file"),
    ],
)
def test_files_that_are_something_else(write, content: bytes, says: str) -> None:
    assert says in refused(write(content))


def test_csv_named_parquet(write) -> None:
    assert "not a Parquet file" in refused(write(b"a,b\n1,2\n", "in.parquet"))


def test_files_that_are_not_there(tmp_path) -> None:
    assert "no such file" in refused(tmp_path / "absent.csv")
    assert "No input" in refused([])
    with pytest.raises(InputError, match="can't be read"):
        read_csv(tmp_path / "absent.csv")


def test_no_permission(write, monkeypatch) -> None:
    def denied(*_, **__) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = write(b"a,b\n1,2\n")
    monkeypatch.setattr(Path, "open", denied)  # the superuser may read anything
    assert "can't be read (Permission denied)" in refused(path)
    with pytest.raises(InputError, match="Permission denied"):
        read_csv(path)


def sample() -> pa.Table:
    return pa.table({"PROVSPNO": ["1", "2", "2"], "DIAG_01": ["I10X", "I10X", None], "EPIDUR": [1, 2, 3]})


def test_parquet_by_content_with_dictionaries_for_codes(tmp_path) -> None:
    path = tmp_path / "named.anything"
    pq.write_table(sample(), path)
    table = read_input(path)
    assert table.to_pydict() == sample().to_pydict()
    assert pa.types.is_dictionary(table.schema.field("DIAG_01").type)
    assert table.schema.field("PROVSPNO").type == pa.string()


@pytest.mark.parametrize("kind", ["file", "stream", "feather"])
def test_arrow_ipc(tmp_path, kind: str) -> None:
    path = tmp_path / "x.arrow"
    if kind == "feather":
        pyarrow.feather.write_feather(sample(), path)
    else:
        with (pa.ipc.new_file if kind == "file" else pa.ipc.new_stream)(str(path), sample().schema) as writer:
            writer.write_table(sample())
    assert read_input(path).to_pydict() == sample().to_pydict()


@pytest.mark.parametrize("cut", [30, 200, 500])
def test_cut_off_files(tmp_path, cut: int) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(sample(), path)
    path.write_bytes(path.read_bytes()[:cut])
    assert "not a readable Parquet file" in refused(path)


@pytest.mark.parametrize("how", ["plain", "dictionary", "list"])
def test_text_that_is_no_utf8_in_parquet(tmp_path, how: str) -> None:
    def column(last: bytes):
        cells = pa.array([b"J459", "é".encode(), last], pa.binary())
        text = pa.Array.from_buffers(pa.string(), 3, cells.buffers())
        return pa.ListArray.from_arrays(pa.array([0, 2, 3], pa.int32()), text) if how == "list" else text

    path = tmp_path / "x.parquet"
    name = "PROVSPNO" if how == "plain" else "DIAG"
    pq.write_table(pa.table({name: column("ß".encode())}), path, store_schema=False)
    assert "ß" in str(read_input(path).to_pylist())
    pq.write_table(pa.table({name: column(b"J4\xff")}), path, store_schema=False)
    assert "not a readable Parquet file" in refused(path)


def test_damaged_offsets_are_found() -> None:
    offsets = pa.py_buffer(b"\0\0\0\0\xff\xff\0\0\x03\0\0\0")  # the second runs beyond the text, the last does not
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"abc")])
    with pytest.raises(InputError, match="damaged"):
        read_stream(pa.table({"a": broken}))


def test_other_tools_tables() -> None:
    polars = pytest.importorskip("polars")
    assert read_stream(polars.DataFrame({"a": ["x"]})).to_pydict() == {"a": ["x"]}
    assert read_stream(pa.record_batch({"a": ["x"]})).to_pydict() == {"a": ["x"]}
    assert read_stream(sample()) is not None


def test_what_is_no_table() -> None:
    with pytest.raises(InputError, match="a dict can't be read"):
        read_stream({"a": [1]})
    with pytest.raises(InputError, match="gives no Arrow table"):
        read_stream(_Broken())
    with pytest.raises(InputError, match="stands twice"):
        read_stream(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "A"]))


class _Broken:
    def __arrow_c_stream__(self, requested_schema=None):
        return 5


def test_a_folder_of_parts_in_order_of_name(tmp_path) -> None:
    (tmp_path / "part-2.csv").write_text("b,a\n4,3\n")
    (tmp_path / "part-1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / ".hidden.csv").write_text("x")
    (tmp_path / "notes.md").write_text("x")
    assert read_input(tmp_path).to_pydict() == {"a": ["1", "3"], "b": ["2", "4"]}
    assert [path.name for path in input_files([tmp_path, tmp_path / "part-2.csv"])] == ["part-1.csv", "part-2.csv", "part-2.csv"]


def test_folders_without_parts(tmp_path) -> None:
    assert "has no .csv" in refused(tmp_path)
    (tmp_path / "year=2024").mkdir()
    assert "It has folders in it" in refused(tmp_path)


def test_parts_that_do_not_fit(tmp_path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("a,c\n1,2\n")
    message = refused(tmp_path)
    assert "2.csv: its columns are not those of" in message and "it lacks b; adds c" in message
    pq.write_table(sample(), tmp_path / "3.parquet")
    assert "mixes csv and parquet" in refused(tmp_path)


def test_parts_of_different_types_become_text(tmp_path) -> None:
    pq.write_table(pa.table({"EPIDUR": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"EPIDUR": ["02"]}), tmp_path / "2.parquet")
    assert read_input(tmp_path).to_pydict() == {"EPIDUR": ["1", "02"]}
    pq.write_table(pa.table({"EPIDUR": [[1]]}), tmp_path / "3.parquet")
    assert "column EPIDUR: its type differs" in refused(tmp_path)


def test_rdf_with_and_without_headings(tmp_path, write) -> None:
    rdf = write(b"COMMA DELIMITED\nprov,PROCODET,2,,,,\nd,DIAG_01,1,,,,.\n", "x.rdf")
    expected = {"DIAG_01": ["M511"], "PROCODET": ["RXX"]}
    assert read_input(write(b"M51.1,RXX\n"), rdf=rdf, headings=False).to_pydict() == expected
    assert read_input(write(b"x,x\nM51.1,RXX\n"), rdf=rdf).to_pydict() == expected


def test_rdf_on_parquet_keeps_the_names_of_other_columns(tmp_path, write) -> None:
    rdf = write(b"COMMA DELIMITED\nsex,SEX,2,,,,\n", "x.rdf")
    pq.write_table(pa.table({"note": ["a"], "sex_code": ["1"]}), tmp_path / "x.parquet")
    for headings in (True, False):
        assert read_input(tmp_path / "x.parquet", rdf=rdf, headings=headings).column_names == ["note", "SEX"]


@pytest.mark.filterwarnings("ignore:.*column 2 is headed SEX")
def test_headings_that_do_not_fit_the_rdf_warn(write) -> None:
    rdf = write(b"COMMA DELIMITED\nSEX,SEX,1,,,,\nDIAG_01,DIAG_01,2,,,,\n", "x.rdf")
    with pytest.warns(InputWarning, match="column 1 is headed DIAG_01"):
        read_input(write(b"DIAG_01,SEX\n1,2\n"), rdf=rdf)


def test_the_official_sample(shared) -> None:
    samples = shared / "samples"
    with_rdf = read_input(samples / "apc_sample_2024_25.csv", rdf=samples / "HRG4+_default_APC.rdf")
    assert (with_rdf.num_rows, with_rdf.num_columns) == (752, 44)
    assert with_rdf.equals(read_input(samples / "apc_sample_2024_25.csv"))
    assert read_input(samples / "artificial_hes_apc_0102.csv").num_rows == 2075


def test_places_outside_of_a_dictionary_are_found() -> None:
    """Arrow takes them as they lie in a Parquet file."""

    def table(*places: int | None) -> pa.Table:
        return pa.table({"SEX": pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(["1", "2"]), safe=False)})

    parquet._validate(table(0, 1, None))
    under_null = pa.Array.from_buffers(pa.int32(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(np.array([1, 9], np.int32))])
    parquet._validate(pa.table({"SEX": pa.DictionaryArray.from_arrays(under_null, pa.array(["1", "2"]), safe=False)}))
    for wrong in (2, 70_000, -1):
        with pytest.raises(pa.ArrowInvalid):
            parquet._validate(table(0, wrong, 1))
