"""A window of a saved result as one deck that plain ngspice runs: recorded sources, numerics, and what to compare."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import cosim
from cosim.circuit.cache import content_key
from cosim.circuit.deck import DEVICES, SIGNALS, signals, top_deck
from cosim.errors import InputError
from cosim.files.place import replaced
from cosim.record.replay import replay_deck
from cosim.result import Result
from cosim.spice.deck import tran_card
from cosim.spice.errors import SpiceError
from cosim.spice.guard import check_deck
from cosim.windows.recipe import RECIPE, WindowRecipe

Array = NDArray[np.float64]

COMPARED = ("port_current_A", "battery_current_A", "alternator_current_A", "starter_voltage_V", "battery_voltage_V")
"""Waves whose extremes, mean and end are measured by the deck and told in its head."""

WIDTH = 118
"""Longest line of the head and of lists of signals."""


def export_text(result: Result, window: str, *, native: bool = False) -> str:
    """One window as a complete deck.

    Parameters
    ----------
    result : result that holds the window
    window : its name (`001_enable`), or its kind (`enable`) where there is only one
    native : battery as native elements (linear about its state) instead of its recorded EMF

    Raises
    ------
    InputError : no such window, or a result that was written before windows could be exported
    """
    name = window_name(result, window)
    dataset = result.windows[name]
    if RECIPE not in dataset.attrs or not result.circuit_text:
        raise InputError(name, RECIPE, "missing", "a result of this version; run the scenario again")
    try:
        recipe = WindowRecipe.from_json(str(dataset.attrs[RECIPE]))
    except ValueError as error:
        raise InputError(name, RECIPE, str(error), "a result of this version; run the scenario again") from error
    time_s = np.asarray(dataset.time_s.values, dtype=np.float64)
    waves = recorded_waves(dataset)
    enabling = None if recipe.enable_at_s is None else (recipe.enable_at_s, recipe.ramp_s)
    _require_harmless(name, recipe, result.circuit_text)
    body = replay_deck(
        recipe.spec, time_s, waves, recipe.preroll_s, recipe.native if native else None, enabling, result.circuit_text
    )
    stop_s = recipe.preroll_s + float(time_s[-1])
    after_s = stop_s + recipe.tmax_s  # a PWL source that ends with the run would leave a last step of 1e-14 s: noise
    return "\n".join([
        *head(result, name, recipe, native, stop_s), *recorded_figures(time_s, waves), "*",
        body.rstrip("\n"),
        "* ---- numerics as in the session, analysis, what is kept",
        recipe.options.card, tran_card(after_s, recipe.tmax_s), *wrapped(".save", signals(recipe.spec).values()),
        *measurements(recipe.preroll_s, stop_s), ".end\n",
    ])


def window_name(result: Result, asked: str) -> str:
    """Full name of a window that is named in full or by its kind.

    Raises
    ------
    InputError : there is none of that name, or more than one of that kind
    """
    if asked in result.windows:
        return asked
    alike = [name for name in result.windows if name.partition("_")[2] == asked]
    if len(alike) == 1:
        return alike[0]
    what = f"{len(alike)} windows of this kind" if alike else "no such window"
    names = ", ".join(alike or result.windows) or "none; this result has no windows"
    raise InputError(str(result.summary.get("scenario", "result")), asked, what, names)


def recorded_waves(dataset: xr.Dataset) -> dict[str, Array]:
    """Waves of a window by our signal names, devices apart again."""
    waves = {str(name): np.asarray(dataset[name].values, dtype=np.float64)
             for name in dataset.data_vars if name not in ("device_power_W", "junction_degC")}
    for j, device in enumerate(DEVICES):
        waves[f"power_{device}_W"] = np.asarray(dataset.device_power_W.values[:, j], dtype=np.float64)
        waves[f"junction_{device}_degC"] = np.asarray(dataset.junction_degC.values[:, j], dtype=np.float64)
    return waves


def write_deck(path: Path, text: str) -> None:
    """Write a deck; the file is whole or as it was before.

    Raises
    ------
    InputError : the place cannot be written
    """
    with replaced(path) as temporary:
        temporary.write_text(text, encoding="ascii", errors="backslashreplace")


def wrapped(card: str, words: Iterable[str]) -> list[str]:
    """A card with many words, as lines of bearable length."""
    lines, line = [], card
    for word in words:
        if len(line) + len(word) + 1 > WIDTH:
            lines.append(line)
            line = "+"
        line += f" {word}"
    return [*lines, line]


def head(result: Result, name: str, recipe: WindowRecipe, native: bool, stop_s: float) -> list[str]:
    """Title, where the deck comes from, how to run it, and what other simulators will not know."""
    attrs = result.windows[name].attrs
    scenario = _plain(result.summary.get("scenario", ""))
    battery = "native elements, linear about its state at the start" if native else "its recorded EMF"
    retries = "; ".join(recipe.retries)
    return [
        f"* window {_plain(name)} of scenario {scenario}, exported by smart-bms-cosim {cosim.__version__}",
        "*",
        f"* why        {_plain(attrs.get('reason', ''))}",
        f"* when       {float(attrs['start_s'])!r} s to {float(attrs['end_s'])!r} s of the run",
        f"* time       the window begins at {recipe.preroll_s!r} s of this deck; what is before it settles",
        f"* made with  {_plain(recipe.ngspice)}, smart-bms-cosim"
        f" {result.summary.get('versions', {}).get('smart-bms-cosim', '?')}",
        f"* netlist    {recipe.spec.netlist}, sha256 {content_key(result.circuit_text)}",
        *([f"* retries    {_plain(retries)}"] if retries else []),
        "* sources    PWL through the recorded points: supervisor commands, temperatures, source; battery: " + battery,
        "*",
        "* run        ngspice -b FILE.cir                 prints the figures below as it finds them",
        "*            ngspice -b -r FILE.raw FILE.cir     saves every signal at every point (and says that it",
        "*                                                leaves .meas out); -n ignores a .spiceinit of your own",
        "* compare    on a common time grid: both choose their own steps. Where these are short (a window that the",
        "*            scenario asks for, max_step_s: 5e-6) currents agree within 0.1 % to 0.2 % of their range; at",
        "*            automatic steps edges differ by 1 % to 2 %, charging currents of the port's capacitors by more",
        "*",
        "* ngspice only (LTspice and others need changes here):",
        "*   - VDMOS with the flag `thermal` and nodes tj, tc: tj is driven with T - 27; elsewhere leave out flag",
        "*     and nodes, double mu and texp0 of the .model cards (see devices.lib), take powers from V and I;",
        "*   - .options cshunt, noinit, norefvalue (method, reltol, abstol, vntol, chgtol, gmin, itl4 are common);",
        "*   - the simulator's temperature and tnom stay 27 degC (never set .temp);",
        *(["*   - ^ is a power in ngspice, an exclusive or in LTspice's B sources (there: **);"]
          if "^" in _statements(result.circuit_text) else []),
        "*   - .ic without `uic` holds its node during the operating point and lets it go then: both do so.",
        "*",
        f"* recorded from {recipe.preroll_s!r} s to {stop_s!r} s (compare with what .meas prints):",
    ]


def recorded_figures(time_s: Array, waves: dict[str, Array]) -> list[str]:
    """What the deck's measurements should find."""
    lines = []
    for name in COMPARED:
        wave = waves[name]
        span_s = float(time_s[-1] - time_s[0])
        mean = float(np.trapezoid(wave, time_s)) / span_s if span_s > 0.0 else float(wave[0])
        figures = (("max", float(wave.max())), ("min", float(wave.min())), ("mean", mean), ("end", float(wave[-1])))
        lines.append(f"*   {name:22s}" + "".join(f" {label} {value:<12.6g}" for label, value in figures).rstrip())
    return lines


def measurements(start_s: float, stop_s: float) -> list[str]:
    """Lines that make plain `ngspice -b` run and print the same figures."""
    lines = []
    span = f"from={start_s!r} to={stop_s!r}"
    for name in COMPARED:
        for label, function in (("max", "max"), ("min", "min"), ("mean", "avg")):
            lines.append(f".meas tran {name.lower()}_{label} {function} {SIGNALS[name]} {span}")
        lines.append(f".meas tran {name.lower()}_end find {SIGNALS[name]} at={stop_s!r}")
    return lines


def _require_harmless(name: str, recipe: WindowRecipe, circuit: str) -> None:
    """Refuse a result whose texts would do more than describe a circuit: plain ngspice would run them.

    Raises
    ------
    InputError : the deck would not pass the guard of the SPICE session
    """
    try:
        check_deck(top_deck(recipe.spec, circuit=circuit))
    except SpiceError as error:
        raise InputError(name, RECIPE, str(error), "a result written by this program") from error


def _plain(text: object) -> str:
    """Text on one line, so that nothing in a name can become a line of the deck."""
    return " ".join(str(text).split())


def _statements(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("*"))
