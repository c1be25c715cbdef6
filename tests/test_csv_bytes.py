"""CSV parsed from its bytes gives what the reader by way of text gives, cell for cell, on every file that both take."""

from __future__ import annotations

import os
import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from designs import both
from forms import comes_to
from hypothesis import given, settings
from hypothesis import strategies as st
from spells import TOTAL

from hrgcore.activity import Activity, TableActivity
from hrgcore.columns import APC_COLUMNS, apc_layout
from hrgcore.errors import InputError
from hrgcore.read import InputWarning, byte_blocks, csv, csv_bytes, open_input, read_input
from hrgcore.read.csv_bytes import CsvActivity
from hrgcore.selftest.spells import Input, example_of

SMALL = both("small")
ENCODER = SMALL.grouper._encoder
SECRET = "9434765919"  # stands for a patient's data: no message may hold it
PATIENTLY = settings(max_examples=max(30, min(300, TOTAL // 300)), deadline=None)
NAMES = [column.name for column in APC_COLUMNS] + ["DIAG_01", "DIAG_02", "DIAG_03", "OPER_01", "OPER_02", "mine"]

_PLAIN = [
    "",
    "",
    "1",
    "2",
    "0",
    "01",
    "J459",
    "J45.9",
    "j459",
    "I10X",
    " K635 ",
    "-",
    " - ",
    "300",
    "7003",
    "RXX",
    "x" * 70,
    "\t",
    "é",
    "\u2028",
]
_AWKWARD = ["a,b", 'say "so"', '"', '""', "two\nlines", "two\r\nlines", ",", "\n", '"J459"', "J4\r59"]
CELLS = st.one_of(st.sampled_from(_PLAIN), st.text("J4590.X- é", max_size=7), st.sampled_from(_AWKWARD))
PLAIN_CELLS = st.one_of(st.sampled_from(_PLAIN), st.text("J4590.X- é", max_size=7))


@st.composite
def files(draw: Any, cells: Any = CELLS) -> bytes:
    """Files as Excel, SQL Server and pandas write them: quotes where they must be, around everything, around some or nowhere."""
    names = draw(st.permutations(NAMES))
    rows = draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), max_size=9))
    chance = random.Random(draw(st.integers(0, 2**32)))
    always, end = draw(st.sampled_from([0.0, 0.3, 1.0])), draw(st.sampled_from(["\n", "\r\n"]))
    blank_lines = draw(st.sampled_from([0.0, 0.3]))

    def cell(text: str) -> str:
        needed = any(character in text for character in ',"\r\n')
        return '"' + text.replace('"', '""') + '"' if needed or chance.random() < always else text

    lines = [",".join(map(cell, row)) for row in [names, *rows]]
    every = [line for one in lines for line in ([""] if chance.random() < blank_lines else []) + [one]]
    content = end.join(every) + draw(st.sampled_from(["", end, end + end]))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + content.encode()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_blocks, "_BLOCK_BYTES", 61)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv") / "in.csv"


def encoded(activity: Activity) -> tuple[Any, ...]:
    with ThreadPoolExecutor(2) as pool:
        block = activity.encode(ENCODER, apc_layout(activity.names), pool)
    episodes, keys = block.episodes, block.keys
    ends = [keys.key(row) for row in ([0, keys.count // 2, keys.count - 1] if keys.count else [])]
    return (*(part.tolist() for part in episodes), keys.starts.tolist(), keys.count, ends)


def outcome(activity_of: Any) -> tuple[Any, ...]:
    """What comes of an input: its numbers, keys and text, or what is said of it."""
    try:
        activity = activity_of()
        return (*encoded(activity), activity.table)
    except InputError as error:
        assert SECRET not in str(error)
        return (str(error),)


def same_both_ways(path: Path, **options: Any) -> CsvActivity:
    activity = open_input(path, **options)
    assert isinstance(activity, CsvActivity)
    by_text = TableActivity(read_input(path, **options))
    assert list(activity.names) == list(by_text.names)
    assert encoded(activity) == encoded(by_text)
    rows = np.array(random.Random(1).sample(range(len(by_text.table)), len(by_text.table)), np.int64)
    for name in activity.names:  # some rows, before all of them are read
        assert activity.cells(name, pa.array(rows)).to_pylist() == by_text.table.column(name).take(pa.array(rows)).to_pylist()
    assert activity.table.equals(by_text.table)
    activity.table.validate(full=True)
    assert activity.table.schema.types == [pa.string()] * len(activity.names)
    return activity


@PATIENTLY
@given(files())
def test_well_made_files(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputWarning)  # nothing goes by way of text
        same_both_ways(path)


@PATIENTLY
@given(files(PLAIN_CELLS))
def test_the_official_form(path: Path, content: bytes) -> None:
    path.write_bytes(content.replace(b'"', b""))
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputWarning)
        same_both_ways(path)


@pytest.mark.filterwarnings("ignore::hrgcore.read.InputWarning")
@PATIENTLY
@given(
    files(),
    st.lists(
        st.tuples(
            st.floats(0, 1, exclude_max=True),
            st.sampled_from([b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xa9", b"\xed\xa0\x80", b"x"]),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_files_with_faults(path: Path, content: bytes, faults: list[tuple[float, bytes, int]]) -> None:
    """A few bytes put in or cut out anywhere: both ways take the file, and alike, or both say the same of it."""
    for where, inserted, cut in faults:
        at = int(where * len(content))
        content = content[:at] + inserted + content[at + cut :]
    path.write_bytes(content)
    found, expected = outcome(lambda: open_input(path)), outcome(lambda: TableActivity(read_input(path)))
    if found != expected:  # headings without some field are refused before rows are looked at
        assert len(found) == len(expected) == 1 and found[0].startswith("the input: ")


@pytest.mark.parametrize("cell", ["x\0", '"x\0"', '"x\0""y"', "\0"])
def test_nul_is_refused(path: Path, cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "_START_BYTES", 64)  # that are looked at for what is no text
    write(path, ROW, ROW.replace("x", cell), ROW)
    with pytest.raises(InputError, match="line 3 has a NUL byte"):
        encoded(open_input(path))


@pytest.mark.parametrize("looked_at", [1, 300])
def test_more_rows_than_the_beginning_lets_expect(path: Path, monkeypatch: pytest.MonkeyPatch, looked_at: int) -> None:
    monkeypatch.setattr(csv_bytes, "_LOOKED_AT", looked_at)
    write(path, ROW + "x" * 5000, *[ROW.replace("R,1", f"R,{number}") for number in range(2, 400)])
    assert len(same_both_ways(path).table) == 399


ROW = "R,1,1,40,1,1,19,11,19,1,3,300,8,300,0,0,0,J459,,,,,x"


def write(path: Path, *rows: str, heading: str = ",".join(NAMES)) -> Path:
    path.write_bytes("\n".join([heading, *rows, ""]).encode())
    return path


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ('x"y', "a quote stands within a cell, or text behind one"),
        ('"x"y', "a quote stands within a cell, or text behind one"),
        ("x\r" + ROW, "a carriage return stands by itself"),
    ],
)
def test_what_the_kernels_refuse_goes_by_way_of_text_and_says_so(path: Path, cell: str, why: str) -> None:
    write(path, ROW, ROW.replace("x", cell), ROW)
    with pytest.warns(InputWarning, match=f"in.csv: read by way of text, which takes longer: {why}."):
        activity = same_both_ways(path)
    assert activity._rows.count == len(activity.table)


@pytest.mark.parametrize("row", ["R," + SECRET, ROW + "," + SECRET, f'"{SECRET},' + ROW, "\xff" + SECRET])
def test_what_no_reader_takes_is_refused_in_the_same_words(path: Path, row: str) -> None:
    path.write_bytes(write(path, ROW, "?").read_bytes().replace(b"?", row.encode("latin-1")))
    said = outcome(lambda: open_input(path))
    assert said == outcome(lambda: TableActivity(read_input(path)))
    assert len(said) == 1


def test_no_rows(path: Path) -> None:
    for content in (",".join(NAMES), ",".join(NAMES) + "\n\n\r\n"):
        path.write_text(content)
        activity = same_both_ways(path)
        assert activity.table.num_rows == 0
        result = SMALL.grouper.group(path)
        assert result.errors.num_rows == result.spells.num_rows == 0


def test_a_cell_longer_than_a_range(path: Path) -> None:
    write(path, ROW, ROW.replace("x", "y" * 5000), ROW.replace("x", '"' + "\n" * 5000 + '"'), ROW)
    assert same_both_ways(path).table.column("mine").to_pylist() == ["x", "y" * 5000, "\n" * 5000, "x"]


def test_record_definitions(path: Path, tmp_path: Path) -> None:
    rdf = tmp_path / "x.rdf"
    order = random.Random(4).sample(NAMES, len(NAMES))
    rdf.write_text("COMMA DELIMITED\n" + "".join(f"{n},{n if n != 'mine' else ''},{p},,,,\n" for p, n in enumerate(order, 1)))
    cells = dict(zip(NAMES, ROW.split(","), strict=True))
    row = ",".join(cells[name] for name in order)
    write(path, row, heading=row)
    activity = same_both_ways(path, rdf=rdf, headings=False)
    assert activity.table.num_rows == 2 and activity.table.column("DIAG_01").to_pylist() == ["J459"] * 2
    write(path, row, heading=",".join(order))
    same_both_ways(path, rdf=rdf)
    line = order.index("OPER_01") + 2
    rdf.write_text(rdf.read_text().replace(f"OPER_01,{line - 1},,,,", f"OPER_01,{line - 1},,,.A,"))
    with pytest.warns(InputWarning, match=f"x.rdf line {line}: the picture or extract cuts cells"):
        assert isinstance(open_input(path, rdf=rdf), TableActivity)


def test_parts_in_one_folder(tmp_path: Path) -> None:
    order = random.Random(5).sample(NAMES, len(NAMES))
    cells = dict(zip(NAMES, ROW.split(","), strict=True))
    write(tmp_path / "1.csv", ROW, ROW.replace("J459", "I10X"))
    write(tmp_path / "2.csv", heading=",".join(NAMES))
    write(tmp_path / "3.csv", ",".join(cells[name] for name in order), heading=",".join(order))
    write(tmp_path / "4.csv", ROW.replace("x", 'x"y'), ROW)
    with pytest.warns(InputWarning, match="4.csv: read by way of text"):
        activity = same_both_ways(tmp_path)
    assert activity.table.num_rows == 5
    (tmp_path / "5.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="5.csv: its columns are not those of"):
        open_input(tmp_path)


def test_grouping_a_path_is_grouping_its_table(path: Path) -> None:
    many = Input(SMALL.maker.spells(example_of(60, 3))).table
    import pyarrow.csv as pacsv

    pacsv.write_csv(many, path)
    result = SMALL.grouper.group(path)
    by_text = SMALL.grouper.group(read_input(path))
    assert isinstance(result.activity, CsvActivity)
    said, expected = comes_to(result), comes_to(by_text)
    assert said == expected and len(said["errors Row"]) > 5
    assert result.episodes.equals(by_text.episodes)
    assert comes_to(result) == expected  # once more, with all text read


def test_what_becomes_of_the_file_does_not_matter(path: Path) -> None:
    write(path, ROW, ROW)
    expected = SMALL.grouper.group(read_input(path)).episodes
    result = SMALL.grouper.group(path)
    os.truncate(path, 0)  # would kill a process that has it mapped
    assert result.episodes.equals(expected)
    assert result.spells.num_rows


@pytest.mark.parametrize("size", [40, 60, 80, 100, 150, 1000])
def test_keys_with_quotes_are_as_long_as_their_text(path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their length in the file these keys ascend, and by that of their text they ascend too, but for the other half."""
    monkeypatch.setattr(byte_blocks, "_BLOCK_BYTES", size)
    keys = ['"abc"', '"' + '""' * 2 + '"', "abc"]
    write(path, *(ROW.replace("R,1", f"R,{key}", 1) for key in keys))
    assert SMALL.grouper.group(path).spells.column("SpellEpisodeCount").to_pylist() == [2, 1]
