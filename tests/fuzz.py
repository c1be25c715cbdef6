"""The long run of fuzzing: `python tests/fuzz.py --cases 1000000`. tests/README.md says how.

A second process does the work, so that one that crashes or hangs is only a finding: its last case is known, and the next is begun.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import mmap
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

SECONDS = 30  #: the longest that a case may take
_MOST_FINDINGS = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Run cases; gives 1 where something was found."""
    parser = argparse.ArgumentParser(description="Fuzz all readers, all logics and both commands.")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case: to see one again, with --cases 1")
    parser.add_argument("--only", metavar="TARGET", help="one target of tests/fuzz_targets.py")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="stop after these")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="the longest that a case may take")
    parser.add_argument("--atheris", metavar="TARGET", help="let atheris look for new ways: rdf, workbook, csv, parquet or arrow")
    parser.add_argument("--work", metavar="FILE", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.atheris:
        _guided(arguments.atheris, arguments.cases)
    return _work(arguments) if arguments.work else _watch(arguments)


def _watch(arguments: argparse.Namespace) -> int:
    """Let a process work, as often as it takes."""
    findings, counts = 0, Counter[str]()
    begun, first, end = time.monotonic(), arguments.first, arguments.first + arguments.cases
    with tempfile.NamedTemporaryFile() as place:
        while first < end and findings < _MOST_FINDINGS:
            place.seek(0)
            place.write(b"\0" * 4096)
            place.flush()
            left = arguments.minutes - (time.monotonic() - begun) / 60
            more = ["--only", arguments.only] if arguments.only else []
            command = [sys.executable, __file__, "--work", place.name, "--seed", str(arguments.seed), "--first", str(first)]
            command += ["--cases", str(end - first), "--minutes", str(left), "--seconds", str(arguments.seconds), *more]
            ended = subprocess.run(command, check=False).returncode
            place.seek(0)
            told = json.loads(place.read(4096).rstrip(b"\0") or b"{}")
            counts.update(told.get("counts", {}))
            findings += told.get("findings", 0)
            shutil.rmtree(told.get("folder", "/nonexistent"), ignore_errors=True)
            if ended == 0:
                break
            findings += 1
            if "case" not in told:
                print("FOUND: the process that works did not begin", flush=True)
                break
            how = f"took longer than {arguments.seconds} s" if ended == -signal.SIGALRM else f"ended the process ({ended})"
            print(f"FOUND: case {told['case']} {how}: --seed {arguments.seed} --first {told['case']} --cases 1", flush=True)
            first = told["case"] + 1
    print(json.dumps({"cases": counts["cases"], "findings": findings, "seconds": round(time.monotonic() - begun)}))
    print(json.dumps(dict(sorted(counts.items()))))
    return 1 if findings else 0


def _guided(name: str, cases: int) -> None:
    """Let atheris make the bytes, guided by which lines of hrgcore's Python code they reach. It ends the process."""
    import atheris

    with atheris.instrument_imports(include=["hrgcore"]):
        import fuzz_targets
    fuzz_targets.make_cases_cheap()
    check, seeds = fuzz_targets.of_bytes(name)
    corpus = Path(tempfile.mkdtemp(prefix="hrgcore-corpus-"))
    for place, seed in enumerate(seeds):
        (corpus / str(place)).write_bytes(seed)
    atheris.Setup([sys.argv[0], f"-runs={cases}", "-timeout=30", "-rss_limit_mb=8192", str(corpus)], check)
    atheris.Fuzz()


def _work(arguments: argparse.Namespace) -> int:
    """The process that works: notes the number of each case before it is begun. A hang ends it by SIGALRM, with a traceback."""
    import fuzz_targets

    fuzz_targets.make_cases_cheap()
    faulthandler.enable()
    faulthandler.register(signal.SIGALRM, chain=True)  # also where Python itself does not go on
    names = [arguments.only] if arguments.only else list(fuzz_targets.TARGETS)
    weights = [fuzz_targets.TARGETS[name][1] for name in names]
    counts, findings = Counter[str](), 0
    until = time.monotonic() + 60 * arguments.minutes
    with open(arguments.work, "r+b") as file, mmap.mmap(file.fileno(), 4096) as note:
        for case in range(arguments.first, arguments.first + arguments.cases):
            told = {"case": case, "counts": counts, "findings": findings, "folder": str(fuzz_targets.folder())}
            content = json.dumps(told).encode()
            note[: len(content) + 1] = content + b"\0"
            if time.monotonic() > until or findings >= _MOST_FINDINGS:
                break
            pick = random.Random(f"{arguments.seed} {case}")
            name = pick.choices(names, weights)[0]
            counts["cases"] += 1
            counts[name] += 1
            signal.setitimer(signal.ITIMER_REAL, arguments.seconds)
            try:
                rows = fuzz_targets.TARGETS[name][0](pick)
            except Exception:
                findings += 1
                print(f"FOUND: case {case} ({name}): --seed {arguments.seed} --first {case} --cases 1", flush=True)
                print("".join(traceback.format_exc().splitlines(keepends=True)[-12:]), flush=True)
                continue
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            counts[f"{name} refused"] += rows is None
            counts["rows"] += rows or 0
            if counts["cases"] % 10_000 == 0:
                print(f"{counts['cases']:,} cases, {counts['rows']:,} rows, {findings} findings", flush=True)
        told |= {"counts": counts, "findings": findings}
        content = json.dumps(told).encode()
        note[: len(content) + 1] = content + b"\0"
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main())
