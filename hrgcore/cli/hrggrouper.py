"""The command `hrggrouper`: the official command's switches, files and exit codes, for scripts that call that command.

Exit codes: 0 done; 1 unknown switch; 2 unknown parameter; 3 no RDF; 4 no input; 5 no output; 6 unknown logic; 7 processing failed;
8 the logic, 9 the output, 10 the RDF, 11 the input could not be set.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from hrgcore.cli.options import LOGICS
from hrgcore.cli.shell import leave, run, stage, version
from hrgcore.errors import HrgcoreError, InputError

if TYPE_CHECKING:
    from hrgcore.read import RecordDefinition

PROGRAM = "hrggrouper"
UNKNOWN_SWITCH, UNKNOWN_PARAMETER, NO_RDF, NO_INPUT, NO_OUTPUT, UNKNOWN_LOGIC = 1, 2, 3, 4, 5, 6
PROCESSING_FAILED, LOGIC_NOT_SET, OUTPUT_NOT_SET, RDF_NOT_SET, INPUT_NOT_SET = 7, 8, 9, 10, 11
_VALUES = {"-i": "input", "-o": "output", "-d": "rdf", "-l": "logic"}
_FLAGS = {"-h": "headings", "-t": "no_titles", "-v": "verbose", "-?": "help"}

USAGE = """\
hrggrouper -i INPUT -o OUTPUT.csv -d RDF -l LOGIC [-h] [-t] [-v]

  -i  input file (comma-separated)
  -o  output file; the other files of the set are named after it
  -d  record definition file
  -l  grouping logic: APC, ACC, EM, NAC, PCC, NRD or NCC; found from the RDF where it is not given
  -h  the input has headings in its first row
  -t  no headings on the output files
  -v  say more
  -?  this help"""


class SwitchError(HrgcoreError):
    """A fault that has an exit code of its own in the official command."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass
class Switches:
    """The command line, taken apart."""

    values: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `hrggrouper` with these arguments (else the process's own) and give its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return run(PROGRAM, lambda: _main(arguments), _code_of)


def command() -> NoReturn:
    """The process `hrggrouper`."""
    leave(main())


def _code_of(error: BaseException) -> int:
    # The official command knows no codes but these: whatever else goes wrong is a failure of processing.
    return error.exit_code if isinstance(error, SwitchError) else PROCESSING_FAILED


def parse_switches(arguments: Sequence[str]) -> Switches:
    """Take the command line apart; a switch without its value has an empty one.

    Raises SwitchError for an unknown switch or a value that belongs to none.
    """
    switches = Switches()
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        switch = word.lower()
        if switch in _VALUES:
            has_value = bool(rest) and rest[0].lower() not in _VALUES | _FLAGS
            switches.values[_VALUES[switch]] = rest.pop(0).strip() if has_value else ""
        elif switch in _FLAGS:
            switches.flags.add(_FLAGS[switch])
        elif word.startswith("-"):
            raise SwitchError(f"unknown switch {word}. See {PROGRAM} -?", UNKNOWN_SWITCH)
        else:
            raise SwitchError(f"unknown parameter {word!r}: it follows no switch. See {PROGRAM} -?", UNKNOWN_PARAMETER)
    return switches


def _main(arguments: Sequence[str]) -> int:
    switches = parse_switches(arguments)
    if "help" in switches.flags:
        print(USAGE)
        return 0
    values = switches.values
    for name, switch, code in (("rdf", "-d", NO_RDF), ("input", "-i", NO_INPUT), ("output", "-o", NO_OUTPUT)):
        if not values.get(name):
            raise SwitchError(f"no {name} is given. Name it with {switch}.", code)
    if "logic" in values:
        _check_logic(values["logic"])
    _group(Path(values["input"]), Path(values["output"]), Path(values["rdf"]), switches)
    return 0


def _check_logic(logic: str) -> None:
    name = logic.lower()
    if name not in LOGICS:
        raise SwitchError(f"unknown logic {logic!r}. The logics are {', '.join(LOGICS).upper()}.", UNKNOWN_LOGIC)


def _group(source: Path, output: Path, rdf: Path, switches: Switches) -> None:
    from hrgcore import Grouper
    from hrgcore.logics import ROW_LOGICS
    from hrgcore.quality import at_a_glance, input_fields, tally_errors
    from hrgcore.quality import lines as quality_lines
    from hrgcore.read import read_csv
    from hrgcore.write.official import FILES, OfficialRun, official_files, write_official
    from hrgcore.write.official_rows import files_of, write_official_rows

    started = datetime.now()
    log = _log if "verbose" in switches.flags else stage
    headings = "headings" in switches.flags
    _check_readable(rdf, "RDF", RDF_NOT_SET)
    _check_readable(source, "input", INPUT_NOT_SET)
    definition, logic = _read_definition(rdf, switches)
    endings = FILES if logic == "apc" else files_of(ROW_LOGICS[logic])
    _check_output(output, official_files(output, endings), (source, rdf))
    log(f"reading {source}")
    raw = read_csv(source, headings=headings, unique=False)
    if not raw.num_rows:
        raise InputError(f"{source}: no record in the input. Check how it was written.")
    _warn_of_headings(raw, definition, headings, source)
    # Other columns go past the grouper, from `raw` to the files: their names can't clash with what it adds.
    table = definition.apply(raw, headings=headings, source=str(source)).select(
        [entry.field for entry in definition.fields if entry.field]
    )
    log(f"grouping {raw.num_rows:,} records")
    grouper = Grouper()
    result = grouper.group(table, logic=logic)
    log(f"writing {output}")
    names = raw.column_names if headings else definition.headings(raw.num_columns)
    described = OfficialRun(str(source), str(output), str(rdf), started)
    titles = "no_titles" not in switches.flags
    write = write_official if logic == "apc" else write_official_rows
    files = write(result, raw, output, headings=names, design=grouper.design, run=described, titles=titles)
    rows = ROW_LOGICS[logic].rows if logic != "apc" else "episodes"
    counts = f"{raw.num_rows:,} {rows}" + (f", {result.spells.num_rows:,} spells" if logic == "apc" else "")
    print(f"hrgcore {version()}: {counts}, {len(files)} files: {output}")
    print(f"{grouper.design.id} {grouper.design.version}: {grouper.design.status}")
    if "verbose" in switches.flags:
        fields = input_fields(logic, table.column_names, partial(grouper.accepts, logic=logic))
        tally = tally_errors(result.errors, table.num_rows, fields)
        print("\n".join(quality_lines(at_a_glance(tally, fields.places))))


def _read_definition(rdf: Path, switches: Switches) -> tuple[RecordDefinition, str]:
    """The record definition, and the logic: the one that is given, or that the definition's fields are of."""
    from hrgcore.logics import ROW_LOGICS, row_layout
    from hrgcore.logics.guess import logic_of
    from hrgcore.read import RecordDefinition

    definition = RecordDefinition.read(rdf)
    given = switches.values.get("logic", "").lower()
    logic = given or logic_of(entry.field for entry in definition.fields)
    if logic is None:
        raise InputError(f"{rdf}: no logic is given, and the record definition does not tell which it is. Give -l.")
    if logic in ROW_LOGICS:
        try:
            row_layout(ROW_LOGICS[logic], [entry.field for entry in definition.fields if entry.field], str(rdf))
        except InputError as error:
            raise SwitchError(f"logic {logic.upper()} can't be set: {error}", LOGIC_NOT_SET) from None
    return definition, logic


def _warn_of_headings(raw: object, definition: RecordDefinition, headings: bool, source: Path) -> None:
    """Warn where the first row is not what the switches say, or the headings don't fit the RDF: it would group, and wrongly."""
    import warnings

    import pyarrow as pa

    from hrgcore.read import InputWarning

    assert isinstance(raw, pa.Table)
    if headings:
        doubts = definition.doubts(raw.column_names)
    else:
        first = [column[0].as_py() for column in raw.columns]
        doubts = (
            ["the first row looks like headings; -h says that there are some."] if definition.looks_like_headings(first) else []
        )
    for doubt in doubts:
        warnings.warn(f"{source}: {doubt}", InputWarning, stacklevel=2)


def _check_readable(path: Path, what: str, code: int) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise SwitchError(f"{path}: the {what} can't be opened ({error.strerror}). Check the path.", code) from None


def _check_output(output: Path, files: dict[str, Path], inputs: Sequence[Path]) -> None:
    index = files[""]
    if output.is_dir() or index.is_dir():
        raise SwitchError(f"{output}: the output is a folder. Name a file in it, such as output.csv.", OUTPUT_NOT_SET)
    if not index.parent.is_dir():
        raise SwitchError(f"{index.parent}: no such folder for the output. Create it first.", OUTPUT_NOT_SET)
    if not os.access(index.parent, os.W_OK):
        raise SwitchError(f"{index.parent}: no permission to write the output there. Name another folder.", OUTPUT_NOT_SET)
    for path in files.values():
        if any(path.exists() and path.samefile(given) for given in inputs):
            raise SwitchError(f"{path}: the output would overwrite the input. Name another output.", OUTPUT_NOT_SET)


def _log(line: str) -> None:
    print(f"{datetime.now().isoformat(' ', 'seconds')} {line}", flush=True)
