"""Self-test: whether this ngspice gives the RDSon(T) that the netlists are written for.

ngspice versions differ in the thermal law of the VDMOS model. In version 39 a device with the `thermal` flag
takes V(tj) as an offset to TEMP, and the exponents `mu` and `texp0` act twice (circuit_facts, Devices); the
netlists therefore halve both. A version that applies them once would run without a word, and its hot RDSon
would be wrong.
"""

from __future__ import annotations

from typing import Protocol

from cosim.spice.errors import LibraryUnsuitable, SpiceError

TEST_TEMPERATURES_DEGC = (-40.0, 25.0, 150.0)
TOLERANCE = 0.005
"""Largest relative difference from the hand value (ours). A law that applies the exponents once is off by 9
% at -40 and 11 % at 150 degC; the right one agrees to 2e-5 (the drain voltage, neglected by hand)."""

# Reference device (ours, in the range of an 80 V, 1 mOhm class MOSFET); Rs is 0 as in the netlists.
_RD_OHM, _KP_A_V2, _VTO_V, _MU, _TEXP0, _TCVTH_V_K = 0.42e-3, 320.0, 3.1, -0.635, 0.75, 8e-3
_GATE_V, _DRAIN_A = 10.0, 1.0
_NOMINAL_DEGC, _ZERO_DEGC_K = 27.0, 273.15


class _HasOperatingPoint(Protocol):
    def operating_point(self, deck: str) -> dict[str, float]: ...


def hand_resistance_ohm(temperature_degC: float) -> float:
    """RDSon of the reference device by hand [ohm].

    ``R = rd (T/Tn)**texp0 + 1 / (kp (T/Tn)**mu (Vgs - vto + tcvth (T - Tn)))``, T in kelvin, for Vds -> 0
    (ngspice manual, VDMOS chapter, with the exponents acting as a whole once).

    Parameters
    ----------
    temperature_degC : junction temperature
    """
    ratio = (temperature_degC + _ZERO_DEGC_K) / (_NOMINAL_DEGC + _ZERO_DEGC_K)
    overdrive_V = _GATE_V - _VTO_V + _TCVTH_V_K * (temperature_degC - _NOMINAL_DEGC)
    return float(_RD_OHM * ratio**_TEXP0 + 1.0 / (_KP_A_V2 * ratio**_MU * overdrive_V))


def reference_deck() -> str:
    """One reference device per test temperature, each carrying 1 A fully on."""
    lines = [
        "* self-test: RDSon(T)",
        f".model bmsref vdmos nchan vto={_VTO_V} kp={_KP_A_V2} rd={_RD_OHM} rs=0 rg=1 cgs=1n cgdmax=1n"
        f" cgdmin=0.1n is=1e-12 cjo=1n mu={_MU / 2} texp0={_TEXP0 / 2} tcvth={_TCVTH_V_K}"
        " rthjc=0.4 cthj=0.03 rthca=1e9",
        f"vg g 0 {_GATE_V}",
    ]
    for k, temperature_degC in enumerate(TEST_TEMPERATURES_DEGC):
        lines += [
            f"i{k} 0 d{k} {_DRAIN_A}",
            f"m{k} d{k} g 0 tj{k} tc{k} bmsref thermal",
            f"vt{k} tj{k} 0 {temperature_degC - _NOMINAL_DEGC}",
        ]
    return "\n".join(lines) + "\n"


def run_self_test(session: _HasOperatingPoint) -> tuple[tuple[float, float, float], ...]:
    """Measure RDSon(T) and compare; return rows of temperature [degC], measured and expected [ohm].

    Raises
    ------
    LibraryUnsuitable
        with what was measured and what was expected
    """
    try:
        found = session.operating_point(reference_deck())
    except SpiceError as error:
        raise LibraryUnsuitable(f"the self-test circuit does not run: {error}", log=error.log) from error
    rows = tuple(
        (t, found[f"v(d{k})"] / _DRAIN_A, hand_resistance_ohm(t))
        for k, t in enumerate(TEST_TEMPERATURES_DEGC)
    )
    if any(not abs(measured / expected - 1.0) <= TOLERANCE for _, measured, expected in rows):
        listed = ", ".join(f"{t:g} degC: {m * 1e3:.4f} (expected {e * 1e3:.4f}) mOhm" for t, m, e in rows)
        raise LibraryUnsuitable(
            f"RDSon of the reference device is {listed}",
            hint="this version of ngspice has another thermal law; use libngspice 39",
        )
    return rows
