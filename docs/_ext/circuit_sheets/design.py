"""Design calculations of the alternator paths and of System+, with the values that stand in the netlists."""

from __future__ import annotations

import math
from typing import NamedTuple

from docs._ext.circuit_sheets.cards import BODY_DIODE_V, card_value, cards, library, on_ohm, transconductance_S
from docs._ext.circuit_sheets.reader import Netlist, Subcircuit, told

FUSE_MV, LIMIT_SHARE = 60.0, 0.9
"""Drop of a MEGA fuse at its rating, cold (circuit facts A), and the limit as a share of the rating (A3, datasheet)."""
BATTERY_V, SPREAD_V = 13.3, 0.1
"""Battery, and threshold spread among devices of one type (ours), for the calculations."""
HOT_DEGC, CABLE_H = 90.0, 3e-6
"""A fuse that has carried its limit for long (circuit facts A: about 10 K/W); a cable of three metres."""
GATE_V = 11.0
"""Full gate, to which the amplifiers are clamped (netlists)."""


class Row(NamedTuple):
    """A quantity, how it follows, and its value with unit."""

    quantity: str
    equation: str
    value: str


def ideal_diode(c: Subcircuit, card: str) -> list[Row]:
    """Drops that an ideal diode's driver holds."""
    vto, a1, v1 = card_value(card, "vto"), c.default("a1"), c.default("v1")
    return [
        Row("Drop at which the ideal diode begins to conduct", "v1 + vto / a1", told(v1 + vto / a1, "mV")),
        Row("Drop at which its gate is fully on", f"v1 + {GATE_V:g} V / a1", told(v1 + GATE_V / a1, "mV")),
        Row("Pole of its amplifier", "1 / (2π Rc1 cc1)", told(1.0 / (2.0 * math.pi * 1e3 * c.default("cc1")), "Hz")),
    ]


def limiter(c: Subcircuit) -> list[Row]:
    """How the fuse's drop becomes the limit."""
    rf, alpha = c.default("rf25"), c.default("alphaf")
    rating_A = 1e-3 * FUSE_MV / rf
    limit_A = LIMIT_SHARE * rating_A
    hot = 1.0 + alpha * (HOT_DEGC - 25.0)
    return [
        Row("Rating of the fuse", f"{FUSE_MV:g} mV / rf25", told(rating_A, "A")),
        Row("Limit", f"{LIMIT_SHARE:g} × rating", told(limit_A, "A")),
        Row("Reference for it, fuse at 25 °C", "limit × rf25", told(1e3 * limit_A * rf, "mV")),
        Row(f"Reference for it, fuse at {HOT_DEGC:g} °C", f"limit × rf25 (1 + alphaf {HOT_DEGC - 25.0:g} K)",
            told(1e3 * limit_A * rf * hot, "mV")),
        Row("What the cold reference would give there", f"limit / (1 + alphaf {HOT_DEGC - 25.0:g} K)",
            told(limit_A / hot, "A")),
        Row("Time constant of the fuse", "lf / rf25", told(c.default("lf") / rf, "s")),
        Row("Filter of the sensed drop", "Rse Cse", told(c.value("Rse") * c.value("Cse"), "s")),
        Row("Current at which the fast pull-down begins", "xb × limit", told(c.default("xb") * limit_A, "A")),
    ]


def trip_rows(c: Subcircuit) -> list[Row]:
    """Filter and hold of the over-voltage trip."""
    hold_s = c.value("Rovh") * c.value("Covh") * math.log(5.0 / 1.6)
    return [
        Row("Over-voltage trip at fb", "vov", told(c.default("vov"), "V")),
        Row("Its filter", "Rov Cov", told(c.value("Rov") * c.value("Cov"), "s")),
        Row("Its hold: 5 V of the peak detector down to 1.6 V", "Rovh Covh ln(5 / 1.6)", told(hold_s, "s")),
    ]


def alternator_path(netlist: Netlist) -> list[Row]:
    """Linear limiter: limit, loops, opening, lift."""
    c, card = netlist.subcircuits["alternator_path"], cards(netlist)
    rf = c.default("rf25")
    limit_A = LIMIT_SHARE * 1e-3 * FUSE_MV / rf
    each_A = limit_A / 4.0
    gm = transconductance_S(card["N100"], each_A)
    gain = c.default("gain2") * c.default("rc2")
    gate_ohm = c.default("rbuf") + card_value(card["N100"], "rg")
    toff, rend = 1e-6 * c.default("toff"), 1e6 * c.default("rend")
    passing = rf + c.default("rs1") + on_ohm(card["N80"], GATE_V) / 2.0 + (
        on_ohm(card["N100"], GATE_V) + c.default("rs2")) / 4.0
    fade_s = c.default("xfade") * c.default("tlift")
    damping = 0.5 * c.default("rdab") * math.sqrt(c.default("cdab") / CABLE_H)
    spread_A = SPREAD_V / (gain + 1.0 / gm)
    return [
        *limiter(c),
        Row("Crossover of the outer loop", "fout (at 25 °C: the integrator's 2π fout / (4 rf25) times 4 rf25)",
            told(c.default("fout"), "Hz")),
        Row("Soft start to the limit", "limit / (4 soft)", told(limit_A / (4e3 * c.default("soft")), "s")),
        Row("Gain of an inner loop's amplifier", "gain2 rc2", f"{gain:.3g} V/A"),
        Row("Its pole", "1 / (2π rc2 cc2)", told(1.0 / (2.0 * math.pi * c.default("rc2") * c.default("cc2")), "Hz")),
        Row(f"gm of a pass device at {each_A:.3g} A", "√(2 kp I)", told(gm, "S")),
        Row("Crossover of the inner loop", "gm gain2 / (2π cc2)",
            told(gm * c.default("gain2") / (2.0 * math.pi * c.default("cc2")), "Hz")),
        Row(f"Current error by {1e3 * SPREAD_V:g} mV of threshold spread", "ΔVth / (gain2 rc2 + 1 / gm)",
            f"{told(spread_A, 'A')} ({1e2 * spread_A / each_A:.2g} %)"),
        Row("Capacitance that a pass device shows at mid", "gm (rbuf + rg) C_gd", told(gm * gate_ohm * card_value(
            card["N100"], "cgdmax"), "F")),
        Row("Reference that opens the gate fully",
            f"{GATE_V:g} V / (gain2 rc2), below track = {c.default('track'):g} A",
            told(GATE_V / gain, "A")),
        *ideal_diode(c, card["N80"]),
        Row("Resistance when passing, 27 °C, full gates", "rf25 + N80 / 2 + rs1 + (N100 + rs2) / 4",
            told(passing, "Ω")),
        *trip_rows(c),
        Row("Soft opening from the limit: first slope, four devices", "4 (I / toff + rend)",
            f"{4e-6 * min(each_A / toff + rend, 1e6 * c.default('roff')):.3g} A/µs"),
        Row("Soft opening: time to zero", "toff ln(1 + I / (toff rend))", told(
            toff * math.log(1.0 + each_A / (toff * rend)), "s")),
        Row(f"Damping of {told(CABLE_H, 'H')} of cable by the input damper", "rdab / 2 √(cdab / L)", f"{damping:.2g}"),
        Row("Lifted limit with a reference for 100 A", "klift × 100 A", told(100.0 * c.default("klift"), "A")),
        Row("Lift in full, then fading", "(1 - xfade) tlift, xfade tlift",
            f"{told(c.default('tlift') - fade_s, 's')}, {told(fade_s, 's')}"),
        Row("Drawn from the battery by the bleeder", f"({BATTERY_V:g} V - {BODY_DIODE_V:g} V) / rbleed", told(
            (BATTERY_V - BODY_DIODE_V) / c.default("rbleed"), "A")),
    ]


INPUT_V, OUTPUT_V = 14.1, 13.1
"""Operating point of the buck's calculations: input bank and battery stud (head of its netlist)."""
CHARGE_V = 1.5
"""By how much a source stands above the input bank when the path is enabled (head of the buck's netlist)."""


def buck(netlist: Netlist) -> list[Row]:
    """Synchronous buck: limit, switching, input filter, blocking switch."""
    c, card = netlist.subcircuits[netlist.name], cards(netlist)
    limit_A = LIMIT_SHARE * 1e-3 * FUSE_MV / c.default("rf25")
    duty = OUTPUT_V / INPUT_V
    ripple_A = c.default("band")
    cin, lbuck = c.default("cin"), c.default("lbuck")
    slope = 0.5 * 4.0 * card_value(card["N100"], "kp") * (1e3 * c.default("gon")) ** 2
    charge_s = (3.0 * CHARGE_V * cin / slope) ** (1.0 / 3.0)
    input_H = CABLE_H + 0.3e-6
    on = c.default("rf25") + c.default("rs0") + on_ohm(card["N100"], GATE_V) / 4.0 + c.default("rs1") + on_ohm(
        card["N60"], GATE_V) / 2.0
    rows = [
        *limiter(c),
        Row("Crossover of the outer loop", "fout", told(c.default("fout"), "Hz")),
        Row("Soft start to the limit", "limit / soft", told(limit_A / (1e3 * c.default("soft")), "s")),
        Row(f"Duty from {INPUT_V:g} V to {OUTPUT_V:g} V", "V_lb / V_mid", f"{duty:.3f}"),
        Row("Current into the battery at the limit, without losses", "limit / d", told(limit_A / duty, "A")),
        Row("Switching frequency without delays", "d (1 - d) V_mid / (lbuck band)", told(
            duty * (1.0 - duty) * INPUT_V / (lbuck * ripple_A), "Hz")),
        Row(f"Resonance of {told(input_H, 'H')} of leads with the input bank", "1 / (2π √(L cin))", told(
            1.0 / (2.0 * math.pi * math.sqrt(input_H * cin)), "Hz")),
        Row("Input resistance of a converter of constant power", "-V_mid / limit", told(-INPUT_V / limit_A, "Ω")),
        Row("Damping by the band-passed input voltage, band limits", "1 / (2π Rmv2 Cmv2), 1 / (2π Rmv Cmv)",
            f"{told(1.0 / (2.0 * math.pi * c.value('Rmv2') * c.value('Cmv2')), 'Hz')}, "
            f"{told(1.0 / (2.0 * math.pi * c.value('Rmv') * c.value('Cmv')), 'Hz')}"),
        *ideal_diode(c, card["N60"]),
        Row("Resistance of fuse, Q0 and Q1, 27 °C", "rf25 + N100 / 4 + rs0 + N60 / 2 + rs1", told(on, "Ω")),
        Row(f"Q0 charges the bank by {CHARGE_V:g} V in", "(3 ΔV cin / (4 kp / 2 gon²))^(1/3)", told(charge_s, "s")),
        Row("... with at most", "4 kp / 2 (gon t)²", told(slope * charge_s**2, "A")),
        *trip_rows(c),
        Row("Drawn from the battery by bleeder and tie of cs", f"{BATTERY_V:g} V / rbleed + {BATTERY_V:g} V / rcs",
            told(BATTERY_V / c.default("rbleed") + BATTERY_V / c.default("rcs"), "A")),
    ]
    if "wi" in c.parameters:
        over = lbuck * ripple_A + c.default("td") * INPUT_V
        rows += [
            Row("Lag of the inductor current behind its reference", "1 / wi", told(1.0 / c.default("wi"), "s")),
            Row("Switching frequency with delays", "d (1 - d) V_mid / (lbuck band + td V_mid)", told(
                duty * (1.0 - duty) * INPUT_V / over, "Hz")),
        ]
    return rows


LATCH_BATTERY_H, LOAD_F, CONTINUOUS_A = 1.2e-6, 50e-3, 200.0
CHARGER_H, CHARGER_V = 5e-6, 16.0
"""Leads of the battery, load of S6, current of S1, longest cable and highest charger of S4 (head of system_path.cir,
requirements)."""


def system_path(netlist: Netlist) -> list[Row]:
    """System+: resistance, measurement, latch, gates, pre-charge."""
    c, card = netlist.subcircuits["system_path"], cards(netlist)["N60"]
    bank = on_ohm(card, GATE_V) / 4.0 + c.default("rpk")
    path = 2.0 * bank + c.default("rsh")
    trip_A = c.default("itrip")
    plateau_V = card_value(card, "vto") + math.sqrt(2.0 * trip_A / (4.0 * card_value(card, "kp")))
    tau_s = c.default("rpre") * LOAD_F
    clamp, each_A = library()["SM8S16A"], CONTINUOUS_A / c.default("ntsy")
    held_V = (card_value(clamp, "bv") + card_value(clamp, "nbv") * 0.026 * math.log(each_A / card_value(clamp, "ibv"))
              + each_A * card_value(clamp, "rs"))
    return [
        Row("Resistance of the path, 27 °C, full gates", "2 (N60 / 4 + rpk) + rsh", told(path, "Ω")),
        Row(f"Its loss at {CONTINUOUS_A:g} A (S1)", "R I²", told(path * CONTINUOUS_A**2, "W")),
        Row("Time constant of the shunt", "lsh / rsh", told(c.default("lsh") / c.default("rsh"), "s")),
        Row("Filter of the sense, matched to it", "Rse Cse", told(c.value("Rse") * c.value("Cse"), "s")),
        Row("Sensed voltage at the latch", "itrip rsh", told(trip_A * c.default("rsh"), "V")),
        Row("Delay of the comparator", "Rcp Ccp ln 2", told(c.value("Rcp") * c.value("Ccp") * math.log(2.0), "s")),
        Row("Gate plateau of four devices at the latch", "vto + √(2 I / (4 kp)), below the 5 V of the first stage",
            told(plateau_V, "V")),
        Row("Gate charged fully by the charge pump", f"4 cgs {GATE_V:g} V / ion", told(
            4.0 * card_value(card, "cgs") * GATE_V / c.default("ion"), "s")),
        Row("Energy of the battery's leads at the latch, into the TVS", "L itrip² / 2", told(
            0.5 * LATCH_BATTERY_H * trip_A**2, "J")),
        Row(f"System+ when the charge gate opens at {CONTINUOUS_A:g} A (S4)",
            "bv + nbv 26 mV ln(I / ntsy / ibv) + I rs / ntsy", told(held_V, "V")),
        Row(f"Energy of a charger's cable of {told(CHARGER_H, 'H')}, {CHARGER_V:g} V behind it, into the TVS at sys",
            "L I² / 2 × V / (V - V_charger)", told(
            0.5 * CHARGER_H * CONTINUOUS_A**2 * held_V / (held_V - CHARGER_V), "J")),
        *ideal_diode_bypass(c, card),
        Row(f"Pre-charge of {told(LOAD_F, 'F')}: first current", f"{BATTERY_V:g} V / rpre", told(
            BATTERY_V / c.default("rpre"), "A")),
        Row("Pre-charge to within 1 V", f"rpre C ln({BATTERY_V:g})", told(tau_s * math.log(BATTERY_V), "s")),
        Row("Energy in its resistor", "C V² / 2", told(0.5 * LOAD_F * BATTERY_V**2, "J")),
        Row("Drawn from the battery by the bleeders", f"{BATTERY_V:g} V / rbleed + {BATTERY_V:g} V / rbsys", told(
            BATTERY_V / c.default("rbleed") + BATTERY_V / c.default("rbsys"), "A")),
    ]


def ideal_diode_bypass(c: Subcircuit, card: str) -> list[Row]:
    """Drop of a bank whose direction is blocked while the other flows (S5)."""
    a1, v1 = c.default("a1"), c.default("v1")
    low, high = v1 + card_value(card, "vto") / a1, v1 + GATE_V / a1
    return [
        Row("Drop of a bank that bypasses its body diode", f"v1 + vto / a1 .. v1 + {GATE_V:g} V / a1",
            f"{low:.3g} .. {high:.3g} mV"),
        Row(f"Its loss at {CONTINUOUS_A:g} A and full gate, against its body diode", "R I², 0.7 V × I",
            f"{told((on_ohm(card, GATE_V) / 4.0 + c.default('rpk')) * CONTINUOUS_A**2, 'W')}, "
            f"{told(BODY_DIODE_V * CONTINUOUS_A, 'W')}"),
    ]
