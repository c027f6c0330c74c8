"""``python -m models.identify DATA_FOLDER -o FILE``: identify the cell and write its parameter file.

``--leave-out`` repeats the fit without each of the given temperatures and stores the errors there. About a minute per
fit on one processor.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from models.identify import records
from models.identify.fit import identify
from models.identify.parameter_text import write
from models.identify.quality import Error, error, left_out_errors
from models.identify.records import DataError
from models.identify.tables import sample

LEAVE_OUT_DEGC = (-5.0, 5.0, 15.0, 35.0)
"""Inner temperatures of the data: a fit without them still has a colder and a warmer one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; bad input gives one line and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m models.identify", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with dynamic_±TTC.csv.gz and ocv_±TTC_*.csv.gz")
    parser.add_argument("-o", "--output", type=Path, required=True, help="parameter file to write (.yaml)")
    parser.add_argument("--leave-out", type=float, nargs="*", default=list(LEAVE_OUT_DEGC), metavar="DEGC",
                        help="temperatures to predict from the others (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        run(chosen.data, chosen.output, chosen.leave_out)
    except (DataError, OSError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 2
    return 0


def run(data: Path, output: Path, leave_out_degC: Sequence[float]) -> None:
    """Identify, tell the errors, write the file whole or not at all; raises DataError for what cannot be used."""
    if output.suffix != ".yaml":
        raise DataError(f"{output}: --output; allowed: a file that ends in .yaml")
    if not output.parent.is_dir():
        raise DataError(f"{output.parent}: --output: no such folder; allowed: a file in an existing folder")
    folder = records.find_folder(data)
    found = records.files(folder, "dynamic", "charge", "discharge")
    tests = [records.read(*entry) for entry in found]
    known = {test.temperature_degC for test in tests if test.kind == "dynamic"}
    for degC in leave_out_degC:
        if degC not in known:
            raise DataError(f"--leave-out: {degC:g}; allowed: {', '.join(f'{x:g}' for x in sorted(known))}")
    fit = identify(tests)
    tables = sample(fit)
    fitted = [error(test, tables) for test in tests if test.kind == "dynamic"]
    _tell("fitted", fitted)
    left_out = left_out_errors(tests, leave_out_degC)
    _tell("left out", left_out)
    hashes = {path.name: records.sha256(path) for path, _, _ in found}
    part = output.with_name(output.name + f".part{os.getpid()}")
    try:
        part.write_text(write(output.stem, tables, fit.slow_Ah, fitted, left_out, hashes), encoding="utf-8")
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _tell(how: str, errors: Sequence[Error]) -> None:
    """Print errors, one line per test."""
    for e in errors:
        print(f"{how} {e.temperature_degC:+.0f} degC: rms {1e3 * e.rms_V:.2f} mV, bias {1e3 * e.bias_V:.2f} mV, "
              f"max {1e3 * e.max_V:.1f} mV", flush=True)


if __name__ == "__main__":
    sys.exit(main())
