"""Run the notebooks and keep their executed copies, which the documentation shows; or clean and check the stored ones.

    python -m scripts.notebooks [NAME ...] [--jobs 2] [--limit 300] [-o DIR]   a name may be `05` or `05_short`
    python -m scripts.notebooks --clean [NAME ...]                             outputs and metadata out, before a commit
    python -m scripts.notebooks --check [NAME ...]                             what a stored notebook must be

Exit code 1: a notebook failed, told with its cell; 2: no such notebook. Nothing is written but the copies: each kernel
has a folder of its own, and every notebook a process of its own (`scripts.run_notebook`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat

from scripts.notebook_rules import cleaned, problems, stored

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS, EXECUTED = ROOT / "notebooks", ROOT / "docs" / "notebooks"
LIMIT_S = 300.0
"""A hung notebook must not hold CI up; a good one takes a tenth of it."""
WANTED_S = 40.0
"""A reader waits no longer than this for a story; told where it takes longer."""


def chosen(names: Sequence[str], folder: Path) -> list[Path]:
    """Stored notebooks by name, by number or by the beginning of a name; all without names.

    Raises
    ------
    SystemExit
        With exit code 2 and one line, where a name fits none.
    """
    present = sorted(folder.glob("*.ipynb"))
    if not names:
        return present
    found: list[Path] = []
    for name in names:
        fitting = [path for path in present if path.stem.startswith(Path(name).stem)]
        if not fitting:
            print(f"{folder.name}: {name}: no such notebook; allowed: {', '.join(p.stem for p in present)}",
                  file=sys.stderr)
            raise SystemExit(2)
        found += [path for path in fitting if path not in found]
    return found


def run_one(source: Path, target: Path, limit_s: float) -> tuple[float, str]:
    """Run one notebook in a process of its own; its wall time [s], and what went wrong, or nothing."""
    begin_s = time.perf_counter()
    command = [sys.executable, "-m", "scripts.run_notebook", str(source), str(target), repr(limit_s)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    told = done.stderr.strip().splitlines()
    failure = "" if done.returncode == 0 else (told[-1] if told else f"ended with exit code {done.returncode}")
    return time.perf_counter() - begin_s, failure


def run_all(sources: Sequence[Path], folder: Path, jobs: int, limit_s: float) -> int:
    """Run notebooks, some at a time, and print a line for each; how many failed."""
    import matplotlib.font_manager  # noqa: F401 - makes its cache once, which says so on stderr, and not in a notebook

    folder.mkdir(parents=True, exist_ok=True)
    begin_s, failed = time.perf_counter(), 0
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(run_one, path, folder / path.name, limit_s): path for path in sources}
        for job in as_completed(running):
            wall_s, failure = job.result()
            failed += bool(failure)
            told = f"FAILED  {failure}" if failure else ("slow" if wall_s > WANTED_S else "")
            print(f"{running[job].stem:32} {wall_s:6.1f} s  {told}".rstrip(), flush=True)
    print(f"{len(sources) - failed} of {len(sources)} notebooks ran, {time.perf_counter() - begin_s:.1f} s in all")
    return failed


def clean(path: Path) -> None:
    """Store a notebook without what running it has left; untouched if it is clean."""
    text = nbformat.writes(cleaned(stored(path))) + "\n"
    if path.read_text(encoding="utf-8") != text:
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
        print(f"cleaned {path.stem}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m scripts.notebooks", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a notebook, its number or the beginning of its name")
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2, help="how many at a time (default 2)")
    parser.add_argument("--limit", type=float, default=LIMIT_S, metavar="S", help="longest time of a notebook (300 s)")
    parser.add_argument("-o", "--output", type=Path, default=EXECUTED, help="folder of the executed copies")
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, help=argparse.SUPPRESS)
    parser.add_argument("--clean", action="store_true", help="take outputs and metadata out of the stored notebooks")
    parser.add_argument("--check", action="store_true", help="say what is wrong with the stored notebooks")
    asked = parser.parse_args(arguments)
    sources = chosen(asked.names, asked.notebooks)
    if asked.clean:
        for path in sources:
            clean(path)
        return 0
    if asked.check:
        wrong = [f"{path.stem}: {text}" for path in sources for text in problems(path)]
        print("\n".join(wrong), end="\n" if wrong else "")
        return int(bool(wrong))
    if not asked.names and asked.output.is_dir():  # a copy whose notebook is gone is out of date
        for old in set(asked.output.glob("*.ipynb")) - {asked.output / path.name for path in sources}:
            os.unlink(old)
    return int(run_all(sources, asked.output.resolve(), asked.jobs, asked.limit) > 0)


if __name__ == "__main__":
    sys.exit(main())
