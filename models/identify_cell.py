"""Make the cell's tables from the A123 26650 data: ``python -m models.identify_cell DATA_FOLDER``.

Prints the numbers that ``parameters/cell_lfp_200Ah.yaml`` carries (it does not write the file, because the
entries there also hold provenance in words). The measured data is not part of the project.

Method. Open-circuit voltage: mean of the C/30 charge and discharge at 25 degC, each against its own charge.
Ohmic resistance: least squares of dV against dI over the 1 s samples of the dynamic profile with |dI| > 3 A.
RC pairs: least squares of V - OCV(soc) on I and two filtered copies of I, time constants from a grid.
Entropic coefficient: slope of the mean C/30 voltage against temperature, 5..45 degC. The dynamic profiles at
15 and 35 degC give the values at 25 degC; -5..45 degC give the temperature factor; -25 degC is left for
validation.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.signal import lfilter

Array = NDArray[np.float64]

# fmt: off
OCV_SOC = np.array([
    0.0, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5,
    0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.94, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 1.0,
])
# fmt: on
ENTROPIC_SOC = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
TEST_CELL_AH = 2.06
FIT_DEGC = (-5, 5, 15, 35, 45)


def read(path: Path) -> dict[str, Array]:
    """Return the columns of one measured file."""
    with gzip.open(path, "rt") as stream:
        names = stream.readline().strip().split(",")
        table = np.loadtxt(stream, delimiter=",")
    return {name: table[:, i] for i, name in enumerate(names)}


def mean_ocv_V(folder: Path, degC: int, soc: Array) -> Array:
    """Return the mean of C/30 charge and discharge at the given states of charge [V]."""
    up = read(folder / f"ocv_{degC:+03d}C_charge.csv.gz")
    down = read(folder / f"ocv_{degC:+03d}C_discharge.csv.gz")
    rising, falling = up["step"] == 2, down["step"] == 2
    up_soc = up["charge_Ah"][rising] / up["charge_Ah"][rising][-1]
    down_soc = 1.0 - down["discharge_Ah"][falling] / down["discharge_Ah"][falling][-1]
    charge_V = np.interp(soc, up_soc, up["voltage_V"][rising])
    discharge_V = np.interp(soc, down_soc[::-1], down["voltage_V"][falling][::-1])
    return np.asarray(0.5 * (charge_V + discharge_V), dtype=np.float64)


def dynamic(folder: Path, degC: int) -> tuple[Array, Array, Array]:
    """Return charging-positive current [A], voltage [V] and soc of a dynamic profile (it starts full)."""
    data = read(folder / f"dynamic_{degC:+03d}C.csv.gz")
    order = np.argsort(data["time_s"], kind="stable")
    current_A, voltage_V = -data["current_A"][order], data["voltage_V"][order]
    gaps_s = np.clip(np.diff(data["time_s"][order], prepend=data["time_s"][order][0]), 0.0, 2.0)
    return current_A, voltage_V, 1.0 + np.cumsum(current_A * gaps_s) / 3600.0 / TEST_CELL_AH


def resistance_ohm(
    current_A: Array, voltage_V: Array, soc: Array, low: float, high: float, least_A: float = 3.0
) -> float:
    """Return the 1 s resistance [ohm] between two states of charge, from current steps above ``least_A``."""
    step_A, step_V = np.diff(current_A), np.diff(voltage_V)
    chosen = (np.abs(step_A) > least_A) & (soc[1:] > low) & (soc[1:] < high)
    return float(np.sum(step_A[chosen] * step_V[chosen]) / np.sum(step_A[chosen] ** 2))


def fit_pairs(current_A: Array, excess_V: Array, taus_s: tuple[float, float]) -> tuple[Array, float]:
    """Return coefficients (R0, R1, R2, offset) and the rms residual [V] for two time constants."""

    def filtered(tau_s: float) -> Array:
        keep = np.exp(-1.0 / tau_s)
        delayed = np.r_[0.0, current_A[:-1]]
        return np.asarray(lfilter([1.0 - keep], [1.0, -keep], delayed), dtype=np.float64)

    columns = np.c_[current_A, filtered(taus_s[0]), filtered(taus_s[1]), np.ones_like(current_A)]
    inside = np.isfinite(excess_V)
    solution = np.linalg.lstsq(columns[inside], excess_V[inside], rcond=None)[0]
    rms_V = float(np.sqrt(np.mean((columns[inside] @ solution - excess_V[inside]) ** 2)))
    return np.asarray(solution, dtype=np.float64), rms_V


def temperature_fit(degC: Array, ohm: Array) -> tuple[float, float, float]:
    """Return (R at 25 degC, fixed fraction f.

    B in kelvin) of R = R25 (f + (1 - f) exp(B (1/T - 1/298.15))).
    """
    inverse = 1.0 / (degC + 273.15) - 1.0 / 298.15

    def residual(x: Array) -> Array:
        return np.asarray(
            np.log(x[0] * (x[1] + (1.0 - x[1]) * np.exp(x[2] * inverse)) / ohm), dtype=np.float64
        )

    best = least_squares(residual, [float(ohm.mean()), 0.4, 4000.0], bounds=([0, 0, 0], [1, 0.99, 9000])).x
    return float(best[0]), float(best[1]), float(best[2])


def main() -> None:
    """Print all tables of the test cell (2.06 Ah); the scaling to 200 Ah is in the parameter file."""
    folder = Path(sys.argv[1])
    ocv_V = mean_ocv_V(folder, 25, OCV_SOC)
    print("ocv_V", ocv_V.round(4).tolist())
    warm = np.array([5.0, 15.0, 25.0, 35.0, 45.0])
    curves = np.array([mean_ocv_V(folder, int(t), ENTROPIC_SOC) for t in warm])
    print("entropic_mV_K", (1e3 * np.polyfit(warm, curves, 1)[0]).round(3).tolist())
    ohm = np.array([resistance_ohm(*dynamic(folder, t), 0.15, 0.9) for t in FIT_DEGC])
    print("R0_mohm", dict(zip(FIT_DEGC, (1e3 * ohm).round(2), strict=True)))
    print("temperature (R25, f, B)", temperature_fit(np.array(FIT_DEGC, dtype=np.float64), ohm))
    cold_ohm = resistance_ohm(*dynamic(folder, -25), 0.0, 1.0, least_A=1.0)
    print(f"validation at -25 degC: {1e3 * cold_ohm:.1f} mohm measured")
    for low, high in ((0.02, 0.08), (0.06, 0.15), (0.15, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9)):
        pair = [1e3 * resistance_ohm(*dynamic(folder, t), low, high) for t in (15, 35)]
        print(f"R0 soc {low}..{high}: 15 and 35 degC {pair[0]:.2f} {pair[1]:.2f} mohm")
    for degC in (15, 35):
        current_A, voltage_V, soc = dynamic(folder, degC)
        excess_V = np.where((soc > 0.15) & (soc < 0.88), voltage_V - np.interp(soc, OCV_SOC, ocv_V), np.nan)
        trials = [
            ((a, b), *fit_pairs(current_A, excess_V, (a, b))) for a in (10, 20, 30) for b in (200, 400, 800)
        ]
        taus_s, solution, rms_V = min(trials, key=lambda trial: trial[2])
        told = f"tau {taus_s} s, {(1e3 * solution).round(2)} mohm, rms {1e3 * rms_V:.1f} mV"
        print(f"pairs at {degC} degC: {told}")


if __name__ == "__main__":
    main()
