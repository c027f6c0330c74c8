"""Design calculations of the signal circuits and of what stands around, with the values that stand in the netlists."""

from __future__ import annotations

import math

from docs._ext.circuit_sheets.cards import BODY_DIODE_V, card_value, cards, on_ohm, transconductance_S
from docs._ext.circuit_sheets.design import BATTERY_V, Row
from docs._ext.circuit_sheets.reader import Netlist, told

BOLTZMANN_V_K, KELVIN = 8.617e-5, 273.15
HIGHEST_V, LOWEST_V = 15.5, 8.0
"""Highest battery voltage in operation, and lowest at which the terminals have to work (circuit facts D)."""


def disconnect(netlist: Netlist) -> list[Row]:
    """Current limit of an output by its matched pair."""
    c, card = netlist.subcircuits["disconnect_output"], cards(netlist)

    def limit_A(degC: float) -> float:
        pair_V = BOLTZMANN_V_K * (degC + KELVIN) * math.log(c.default("rref") / c.default("rpull"))
        return pair_V / c.default("rsense")

    drop = 5e-3 * (c.default("rsense") + 2.0 * on_ohm(card["PMO"], BATTERY_V))
    return [
        Row("Current of QA's collector, on", f"{BATTERY_V:g} V / rpull", told(BATTERY_V / c.default("rpull"), "A")),
        Row("Current of QB, on", f"{BATTERY_V:g} V / rref", told(BATTERY_V / c.default("rref"), "A")),
        Row("Limit at -40, 25, 85 °C without base currents", "kT/q ln(rref / rpull) / rsense",
            ", ".join(told(limit_A(degC), "A") for degC in (-40.0, 25.0, 85.0))),
        Row("Drop at 5 mA", "5 mA × (rsense + 2 R_DSon)", told(drop, "V")),
        Row("Heat in the switches, output shorted at 25 °C", f"{BATTERY_V:g} V × limit", told(
            BATTERY_V * limit_A(25.0), "W")),
        Row("Discharge of the gates when off", "roff (2 C_gs + cgate)", told(c.default("roff") * (
            2.0 * card_value(card["PMO"], "cgs") + c.default("cgate")), "s")),
    ]


def prealarm(netlist: Netlist) -> list[Row]:
    """Gate, drop and clamp of the pre-alarm."""
    c, card = netlist.subcircuits["prealarm_output"], cards(netlist)
    share = c.default("rgate") / (c.default("rgate") + c.default("ron"))
    ohm = on_ohm(card["PMB"], BATTERY_V * share)
    clamp_V = c.default("vz") + 2.0 * BODY_DIODE_V
    charge = card_value(card["PMB"], "cgs") + card_value(card["PMB"], "cgdmax")
    return [
        Row("Gate-source voltage, on", f"{BATTERY_V:g} V × rgate / (rgate + ron)", told(BATTERY_V * share, "V")),
        Row("Drop at 1 A", "1 A × R_DSon", told(ohm, "V")),
        Row("Gate's time constant when it is cut off", "rgate (C_gs + C_gd)", told(c.default("rgate") * charge, "s")),
        Row("Terminal below ret while a coil runs out", "vz + two diodes", told(clamp_V, "V")),
        Row("Drain-source voltage then", f"{HIGHEST_V:g} V + clamp, of the card's bv = "
            f"{card_value(card['PMB'], 'bv'):g} V", told(HIGHEST_V + clamp_V, "V")),
        Row("Heat in the ron resistor while on", "(V - V_GS)² / ron", told(
            (BATTERY_V * (1.0 - share)) ** 2 / c.default("ron"), "W")),
    ]


def remote(netlist: Netlist) -> list[Row]:
    """Levels of the remote terminals."""
    c = netlist.subcircuits["remote_input"]
    rpu, rpd, diode_V = c.default("rpu"), c.default("rpd"), 0.5
    linked = rpd / (rpu + rpd)
    return [
        Row("L and H linked: both at", f"({BATTERY_V:g} V - {diode_V:g} V) rpd / (rpu + rpd), above vh",
            told((BATTERY_V - diode_V) * linked, "V")),
        Row(f"The same at the lowest battery voltage of {LOWEST_V:g} V", "as above", told(
            (LOWEST_V - diode_V) * linked, "V")),
        Row("Resistance to minus at which L counts as low", "rpu vl / (V - vl - diode)", told(
            rpu * c.default("vl") / (BATTERY_V - diode_V - c.default("vl")), "Ω")),
        Row("Resistance to plus at which H counts as high", "rpd (V - vh) / vh", told(
            rpd * (BATTERY_V - c.default("vh")) / c.default("vh"), "Ω")),
        Row("Filter", "rin cin", told(c.default("rin") * c.default("cin"), "s")),
        Row("Drawn while L is held low", f"({BATTERY_V:g} V - {diode_V:g} V) / rpu", told(
            (BATTERY_V - diode_V) / rpu, "A")),
    ]


def supply(netlist: Netlist) -> list[Row]:
    """Hold-up and ground lead of the supply."""
    c, card = netlist.subcircuits["supply"], cards(netlist)
    draw_A, diode_V = 17.5e-3, 0.45
    series = c.default("rhold") + card_value(card["DSUP"], "rs")
    return [
        Row("Hold-up at 17.5 mA (C1)", f"chold ({BATTERY_V:g} V - {diode_V:g} V - vlow) / 17.5 mA", told(
            c.default("chold") * (BATTERY_V - diode_V - c.default("vlow")) / draw_A, "s")),
        Row("Current at which the hold-up is charged when the battery is connected",
            f"{BATTERY_V:g} V / (rhold + the diode's rs)", told(BATTERY_V / series, "A")),
        Row("... with the time constant", "(rhold + rs) chold", told(series * c.default("chold"), "s")),
        Row("Least input for the full rail", "vreg + 0.3 V", told(c.default("vreg") + 0.3, "V")),
        Row("Drop of the ground lead at 17.5 mA", "rgnd × 17.5 mA", told(c.default("rgnd") * draw_A, "V")),
    ]


def direct(netlist: Netlist) -> list[Row]:
    """The link's drop and heat."""
    link = netlist.subcircuits["direct_connection"].default("rlink")
    return [Row("Drop at 150 A", "rlink × 150 A", told(150.0 * link, "V")),
            Row("Heat at 150 A", "rlink × (150 A)²", told(150.0**2 * link, "W"))]


def pass_devices(netlist: Netlist) -> list[Row]:
    """Why a common gate fails: current per kelvin, loop gain of the heat, and what a loop each makes of it."""
    c, card = netlist.subcircuits["pass_common_gate"], cards(netlist)["N100"]
    current_A, drain_V, heatsink_degC = 22.5, 1.9, 60.0
    gm = transconductance_S(card, current_A)
    per_K = gm * card_value(card, "tcvth") + 2.0 * card_value(card, "mu") * current_A / (heatsink_degC + KELVIN)
    heat_K_W = sum(c.default(f"r{k}") for k in (1, 2, 3, 4))
    return [
        Row(f"gm at {current_A:g} A", "√(2 kp I)", told(gm, "S")),
        Row("Current that a kelvin adds at a common gate", "gm tcvth - 1.27 I / T", f"{per_K:.2g} A/K"),
        Row("Thermal resistance to the heatsink", "r1 + r2 + r3 + r4", f"{heat_K_W:.2g} K/W"),
        Row(f"Gain of the heat's loop at {drain_V:g} V (runaway above 1)", "A/K × V_DS × K/W",
            f"{per_K * drain_V * heat_K_W:.2g}"),
        Row("Voltage below which a common gate is stable", "1 / (A/K × K/W)", told(1.0 / (per_K * heat_K_W), "V")),
        Row("Current that a kelvin adds with a loop each", "tcvth / (ga + 1 / gm)",
            f"{card_value(card, 'tcvth') / (c.default('ga') + 1.0 / gm):.2g} A/K"),
    ]


def plant(netlist: Netlist) -> list[Row]:
    """Time constants of the leads."""
    battery, cable = netlist.subcircuits["battery"], netlist.subcircuits["cable"]
    return [
        Row("Battery: time constant of its branch", "l / r", told(battery.default("l") / battery.default("r"), "s")),
        Row("Cable: time constant", "l / r", told(cable.default("l") / cable.default("r"), "s")),
        Row("Cable: decay of its ring after opening", "l / rp", told(cable.default("l") / cable.default("rp"), "s")),
        Row("Load: what it draws of its current at 1 V", "tanh(1 V / 0.4 V)", f"{1e2 * math.tanh(2.5):.3g} %"),
    ]


def alternator(netlist: Netlist) -> list[Row]:
    """Regulator loop and load dump of the alternator."""
    c = netlist.subcircuits["alternator"]
    source_ohm, field_A = 5e-3, 150.0
    lead, lag = c.default("tlead"), c.default("tf")
    best_Hz = 1.0 / (2.0 * math.pi * math.sqrt(lead * lag))
    phase = math.degrees(math.atan(math.sqrt(lead / lag)) - math.atan(math.sqrt(lag / lead)))
    return [
        Row("Loop gain against a starter battery of 5 mΩ", "gain × 5 mΩ", f"{c.default('gain') * source_ohm:.3g}"),
        Row("Pole of the field", "1 / (2π tau)", told(1.0 / (2.0 * math.pi * c.default("tau")), "Hz")),
        Row("Lead of the regulator: most phase, and where",
            "atan √(tlead / tf) - atan √(tf / tlead), 1 / (2π √(tlead tf))",
            f"{phase:.3g}° at {told(best_Hz, 'Hz')}"),
        Row(f"Load dump of a field of {field_A:g} A without load", "vri + ri × field", told(
            c.default("vri") + c.default("ri") * field_A, "V")),
        Row("Length of its edge", "ri cd", told(c.default("ri") * c.default("cd"), "s")),
    ]


def load_dump(netlist: Netlist) -> list[Row]:
    """Elements of the load dump's generator as its parameters give them."""
    c = netlist.subcircuits["iso16750_load_dump"]
    tau, rs, ri = c.default("tau"), c.default("rs"), c.default("ri")
    return [
        Row("Resistance that discharges the capacitor", "rs = 2 ri", told(rs, "Ω")),
        Row("Time constant without load", "tau = (td - 0.92 tr) / ln 10", told(tau, "s")),
        Row("Capacitor", "cs = tau / rs", told(c.default("cs"), "F")),
        Row("Step behind it", "(us - ua) (tr / tau) / (1 - exp(-tr / tau))", told(c.default("step"), "V")),
        Row("Time constant into a matched load (half, as the standard's annex A asks)",
            "cs rs 2 ri / (rs + 2 ri)", told(c.default("cs") * rs * 2.0 * ri / (rs + 2.0 * ri), "s")),
    ]


def transients(netlist: Netlist) -> list[Row]:
    """Elements of each pulse's generator."""
    rows = []
    for pulse, ratio in (("1", 2.0 / 3.0), ("2a", 6.97), ("3a", 0.1), ("3b", 0.1)):
        c = netlist.subcircuits[f"iso7637_{pulse}"]
        ri, td, tr = c.default("ri"), c.default("td"), c.default("tr")
        tau = (td - 0.9 * tr / 0.8) / math.log(10.0)
        rows += [
            Row(f"Pulse {pulse}: resistance, capacitor", "rs, cs = tau / rs", f"{told(ratio * ri, 'Ω')}, "
                f"{told(tau / (ratio * ri), 'F')}"),
            Row(f"Pulse {pulse}: width without load and into ri", "tau ln 10, cs (rs ∥ 2 ri) ln 10",
                f"{told(tau * math.log(10.0), 's')}, "
                f"{told(tau * 2.0 * ri / (ratio * ri + 2.0 * ri) * math.log(10.0), 's')}"),
        ]
    c = netlist.subcircuits["iso7637_2b"]
    return [*rows,
        Row("Pulse 2b: time constant of the motor", "tau = (td - 0.9 ms) / ln 10", told(c.default("tau"), "s"))]
