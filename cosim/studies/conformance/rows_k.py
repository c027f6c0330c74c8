"""Rows K1..K3: settings, instant readout, LEDs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

import bms
from cosim import measure
from cosim.errors import InputError
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace
from cosim.studies.conformance.reading import ACTIVE, BLUE, GREEN, ORANGE, RED, YELLOW, entry, slow, trace

CHOICES: tuple[tuple[str, object, object], ...] = (
    ("variant", "12-200", "12-400"), ("battery_count", 1, 0), ("battery_count", 10, 11), ("battery_count", 50, 51),
    ("battery_capacity_Ah", 200, 250), ("fuse_rating_A", 125, 90), ("pre_alarm_mode", "intermittent", "loud"),
    ("remote_function", "system", "ports"), ("instant_readout", True, 1),
    ("battery_thresholds", [{"load_disconnect_V": 2.6}], [{"load_disconnect_V": 2.59}]),
    ("battery_thresholds", [{"load_disconnect_V": 2.8}], [{"load_disconnect_V": 2.81}]),
    ("battery_thresholds", [{"pre_alarm_V": 2.85}], [{"pre_alarm_V": 2.84}]),
    ("battery_thresholds", [{"pre_alarm_V": 3.15}], [{"pre_alarm_V": 3.16}]),
)
"""What is set on the product: field, a value at the end of its range, one beyond it."""
LED_NAMES = {ACTIVE: "active", BLUE: "bluetooth", RED: "over-temperature", YELLOW: "charge disconnect",
             ORANGE: "load disconnect", GREEN: "charging"}


def cases() -> list[tuple[str, dict[str, object], dict[str, object]]]:
    """Field, accepted and refused settings: of the product, and of every constant of the firmware at both ends."""
    found: list[tuple[str, dict[str, object], dict[str, object]]] = [
        (name, {name: good}, {name: bad}) for name, good, bad in CHOICES
    ]
    for name, item in bms.FirmwareParameters.__dataclass_fields__.items():
        low, high = item.metadata["low"], item.metadata["high"]
        step = 1 if isinstance(low, int) and isinstance(high, int) else 1e-3 * (high - low)
        for beyond in (low - step, high + step):
            found.append((name, {"firmware": {name: item.default}}, {"firmware": {name: beyond}}))
    return found


def bank_of(good: dict[str, object]) -> dict[str, object]:
    """Bank and variant of a scenario that has so many batteries as are set: up to 10, of the NG up to 50 (B2)."""
    count = good.get("battery_count", 1)
    assert isinstance(count, int)
    return {"bank": {"batteries": count}, "variant": "12-200 NG" if count > 10 else "12-200"}


def settings(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """K1: every setting out of its range is refused in one line that names field, value and what is allowed."""
    del lab, changes
    from cosim.scenario.model import parse_scenario

    all_cases, notes = cases(), []
    accepted, refused = np.zeros(len(all_cases)), np.zeros(len(all_cases))
    base = {"name": "k1", "duration_s": 1, "source": {"kind": "supply", "emf_V": [[0, 13]]}}
    for k, (name, good, bad) in enumerate(all_cases):
        try:
            parse_scenario({**base, **bank_of(good), "settings": good})
            accepted[k] = 1.0
        except InputError as error:
            notes.append(str(error))
        try:
            parse_scenario({**base, **bank_of(good), "settings": bad})
            notes.append(f"{name}: {bad} is accepted")
        except InputError as error:
            text = str(error)
            whole = name in error.field and str(error.value) in text and bool(error.allowed) and "\n" not in text
            refused[k] = float(whole)
            notes += [] if whole else [text]
    told = f"{len(all_cases)} settings beyond their range given to a scenario, and as many inside it"
    note = "; ".join(notes)[:300]
    number = np.arange(1.0, len(all_cases) + 1.0)
    evidence = Evidence((Trace("refused beyond its range", "1", number, refused),
                         Trace("accepted inside it", "1", number, accepted, "inside")), x_label="case")
    return [entry(corner, "K1.refused_share", float(refused.mean()), told, evidence, note=note),
            entry(corner, "K1.accepted_share", float(accepted.mean()), told, evidence)]


def readout(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """K2: what is broadcast, decrypted and decoded by the public `victron-ble`, against the plant's truth."""
    from cosim.simulation import Simulation
    from cosim.studies.conformance.lab import changed_scenario
    from cosim.supervisor.listening import listening
    from cosim.supervisor.readout_file import decoded
    from cosim.supervisor.readout_keys import keys_of

    scenario = changed_scenario(lab.scenario({
        "name": "conformance_k2", "duration_s": 1200, "variant": corner.variant,
        "settings": {"instant_readout": True}, "readout": {"period_s": 30}, "bank": {"soc": 0.5},
        "source": {"kind": "supply", "emf_V": [[0, 13.6], [600, 13.6], [601, 12.6]], "resistance_ohm": 0.01},
        "recording": {"period_s": 1.0},
    }, corner._replace(ambient_degC=25.0)), changes)
    with tempfile.TemporaryDirectory(prefix="bms-cosim-k2-") as folder:
        place = Path(folder) / "result"
        with listening(scenario, place, vectors=False) as listener:
            result = Simulation(scenario, session=lab.session, listener=listener).run()
            result.save(place, picture=False, attached=() if listener is None else listener.files)
        heard = list(decoded(place, keys_of(scenario)))
    times = np.array([one.time_s for one in heard])
    expected = 1200.0 / 30.0
    told_V = np.array([[np.nan if v is None else v for v in one.cell_voltage_V] for one in heard])
    true_V = np.stack([np.interp(times, slow(result, "soc")[0], result.slow.cell_voltage_V.values[:, k])
                       for k in range(4)], axis=1)
    told_degC = np.array([np.nan if one.temperature_degC is None else one.temperature_degC for one in heard])
    true_degC = np.interp(times, slow(result, "soc")[0], result.slow.cell_temperature_degC.values[:, 0])
    error_mV = 1e3 * np.abs(told_V - true_V).max(axis=1)
    worst = int(np.argmax(error_mV))
    evidence = Evidence(
        (Trace("difference of the cell voltages", "mV", times, error_mV),
         Trace("cell 1 decoded", "V", times, told_V[:, 0]), Trace("cell 1", "V", times, true_V[:, 0]),
         Trace("temperature decoded", "degC", times, told_degC), Trace("temperature", "degC", times, true_degC)),
        ((float(times[worst]), float(error_mV[worst]), f"{error_mV[worst]:.1f} mV"),))
    told = "record 0x05 every 30 s while charging and at rest, decrypted and decoded by victron-ble"
    whole = [one for one in heard if None not in (*one.cell_voltage_V, one.temperature_degC)]
    return [
        entry(corner, "K2.decoded_share", min(len(whole) / expected, 1.0), f"{told}; {len(whole)} broadcasts"),
        entry(corner, "K2.cell_error_mV", float(error_mV.max()), told, evidence),
        entry(corner, "K2.temperature_error_K", float(np.abs(told_degC - true_degC).max()), told, evidence),
    ]


def leds(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """K3: all six LEDs against the states that they stand for, in a run in which each of them changes."""
    del changes
    at = {"kind": "stuck", "cell": 1}
    result = lab.run(lab.scenario({
        "name": "conformance_k3", "duration_s": 420, "settings": {"instant_readout": True, "remote_function": "system"},
        "bank": {"soc": 0.5}, "recording": {"period_s": 0.1},
        "remote": [{"time_s": 0, "state": "on"}, {"time_s": 390, "state": "off"}],
        "faults": [
            {"kind": "stuck", "measurement": "heatsink_degC", "value": 92.0, "time_s": 20, "duration_s": 30},
            {**at, "measurement": "cell_voltage_V", "value": 3.8, "time_s": 100, "duration_s": 5},
            {**at, "measurement": "cell_voltage_V", "value": 2.7, "time_s": 180, "duration_s": 60},
        ],
        "source": {"kind": "supply", "emf_V": [[0, 13.9]], "resistance_ohm": 0.004},
    }, corner._replace(ambient_degC=25.0)))
    time_s, raw = slow(result, "leds")
    lit = {bit: (raw.astype(int) & bit) > 0 for bit in LED_NAMES}
    powered = slow(result, "remote_on")[1] > 0.5  # function 'system': remote off turns the BMS off
    derated = np.zeros(time_s.size, dtype=bool)
    for event in result.events:
        if event.event in ("derating started", "derating ended"):
            derated[time_s >= event.time_s] = event.event == "derating started"
    wanted = {
        ACTIVE: powered, BLUE: powered, RED: derated & powered, YELLOW: slow(result, "charge_output")[1] > 0.5,
        ORANGE: slow(result, "load_output")[1] > 0.5, GREEN: slow(result, "alternator_enabled")[1] > 0.5,
    }
    wrong = {bit: int(np.count_nonzero(lit[bit] != wanted[bit])) for bit in LED_NAMES}
    changed = sum(bool(lit[bit].any() and not lit[bit].all()) for bit in LED_NAMES)
    if not derated.any():
        raise measure.MeasureError("the port never derates, so the red LED cannot be judged")
    traces = tuple(Trace(name, "1", time_s, lit[bit].astype(np.float64)) for bit, name in LED_NAMES.items())
    evidence = Evidence((*traces, trace(result, "port_current_A", "port current", "A")), limit_on_trace=False)
    told = "charging with derating, over-voltage, cell too low, and remote off with function 'system'; each record"
    note = ", ".join(f"{LED_NAMES[bit]} {count}" for bit, count in wrong.items() if count)
    return [entry(corner, "K3.led_errors", float(sum(wrong.values())), told, evidence, note=note),
            entry(corner, "K3.leds_changed", float(changed), told, evidence)]


BOTH = (Corner(), Corner("NG", variant="12-200 NG"))
BENCHES = (
    Bench("k1_settings", ("K1",), settings, 3.0, BOTH),
    Bench("k2_readout", ("K2",), readout, 6.0, BOTH, (
        Influence("plant", "source.resistance_ohm"), Influence("plant", "bank.soc"))),
    Bench("k3_leds", ("K3",), leds, 8.0, BOTH, (
        Influence("firmware", "alarm_lead_ms"), Influence("firmware", "heatsink_derate_start_degC"),
        Influence("firmware", "cell_high_V"))),
)
