"""The table of predicates by hand, from the requirements and `docs/supervisor.md`, with all times in milliseconds."""

import math

import bms
from bms.plan import CHANNELS
from bms.predicates import LARGEST, PredicateState, Side, update

UP, DOWN = Side.ABOVE, Side.BELOW
V, DEGC = "cell_voltage_V", "cell_temperature_degC"
ROWS = [
    # name, channel, side, trips, releases, after, for at least, judged every
    ("source ready", "input_voltage_V", UP, 13.0, 13.0, 500, 0, 1),
    ("source low", "input_voltage_V", DOWN, 12.5, 12.5, 100, 0, 1),
    ("source weak", "input_voltage_V", DOWN, 13.0, 13.0, 10_000, 0, 1),
    ("cell over-voltage", V, UP, 3.75, 3.5, 200, 20_000, 1_000),
    ("cell low", V, DOWN, 2.8, 2.85, 200, 0, 1_000),
    ("cell near low", V, DOWN, 3.1, 3.15, 200, 0, 1_000),
    ("cell over-temperature", DEGC, UP, 50.0, 47.0, 300, 20_000, 1_000),
    ("cell under-temperature", DEGC, DOWN, 5.0, 7.0, 300, 20_000, 1_000),
    ("cell too cold to discharge", DEGC, DOWN, -20.0, -18.0, 300, 20_000, 1_000),
    ("brown-out", "battery_voltage_V", DOWN, 8.0, 9.5, 0, 20_000, 1_000),
    ("port sensor missing", "missing port sensors", UP, 0.0, 0.0, 0, 20_000, 1),
    ("cell sensor missing", "missing cell sensors", UP, 0.0, 0.0, 0, 20_000, 1),
    ("port sensor out of range", "port sensors out of range", UP, 0.0, 0.0, 1_000, 20_000, 1_000),
    ("cell sensor out of range", "cell sensors out of range", UP, 0.0, 0.0, 300, 20_000, 1_000),
    ("system current sensor unusable", "unusable system current", UP, 0.0, 0.0, 300, 20_000, 1_000),
    ("auxiliary sensor unusable", "unusable auxiliary sensors", UP, 0.0, 0.0, 300, 20_000, 1_000),
    ("cells contradict battery voltage", "battery voltage off its cells", UP, 1.5, 1.5, 2_000, 20_000, 1_000),
    ("current against the voltage", "battery above input under current", UP, 0.5, 0.5, 2_000, 20_000, 1_000),
    ("alternator path conducts though off", "path current while off", UP, 5.0, 5.0, 1_000, 20_000, 1_000),
    ("alternator path blocks though on", "drop over the open path", UP, 1.0, 1.0, 5_000, 20_000, 1_000),
    ("system charges though off", "system current in while off", UP, 5.0, 5.0, 1_000, 20_000, 1_000),
    ("system discharges though off", "system current out while off", UP, 5.0, 5.0, 1_000, 20_000, 1_000),
    ("system blocks though on", "drop over the closed system port", UP, 2.0, 2.0, 1_000, 20_000, 1_000),
    ("load removed", "system over battery voltage while locked", UP, -1.0, -1.0, 2_000, 0, 1),
    ("bank current above limit", "bank current", UP, 400.0, 380.0, 1_000, 20_000, 1_000),
    ("remote says on", "remote level", DOWN, 0.0, 0.0, 100, 0, 1),
    ("remote says off", "remote level", UP, 0.0, 0.0, 100, 0, 1),
]


def test_every_row_of_the_table() -> None:
    plan = bms.Settings().plan
    found = [
        (str(p.name), p.channel, p.side, p.trip, round(p.release, 9), p.trip_delay_ms, p.rest_ms, p.release_grid_ms)
        for p in plan.predicates
    ]
    assert found == ROWS
    assert {name: CHANNELS[index] for name, index in plan.channel_of.items()} == {row[0]: row[1] for row in ROWS}
    assert [c.name for c in plan.channels] == list(dict.fromkeys(row[1] for row in ROWS))
    assert all(CHANNELS[c.index] == c.name for c in plan.channels)


def test_what_follows_from_the_settings() -> None:
    plan = bms.Settings(battery_capacity_Ah=160, battery_count=3, fuse_rating_A=60).plan
    assert (plan.cell_count, plan.battery_count, plan.bank_Ah, plan.bank_limit_A) == (12, 3, 480.0, 960.0)
    assert plan.rating.full_A == 54.0 and plan.rating.fuse.resistance_25_ohm == 1.0e-3
    assert (plan.load_V, plan.alarm_V, plan.start_V, plan.quiet_batteries) == ((), (), (3.1,), ())
    assert bms.Settings(fuse_rating_A=125).plan.rating.full_A == 100.0


def test_thresholds_of_each_battery() -> None:
    """Distances over its own thresholds, released 0.05 V above; the cells' own channel keeps the over-voltage."""
    own = (bms.BatteryThresholds(2.6, 2.9), bms.BatteryThresholds(2.7, 3.15))
    plan = bms.Settings(battery_count=2, battery_thresholds=own).plan
    by_name = {p.name: p for p in plan.predicates}
    for name, channel in (("cell low", "cell over load threshold"), ("cell near low", "cell over pre-alarm threshold")):
        p = by_name[name]
        assert (p.channel, p.side, p.trip, p.release, p.trip_delay_ms, p.rest_ms, p.release_grid_ms) == (
            channel, DOWN, 0.0, 0.05, 200, 0, 1_000)
    assert (plan.load_V, plan.alarm_V, plan.start_V) == ((2.6, 2.7), (2.9, 3.15), (2.9, 3.15))
    assert plan.quiet_batteries == ((2.9, LARGEST), (3.15, LARGEST))
    assert plan.quiet["cell_voltage_V"] == (0.5, 3.75)
    for load_V, alarm_V in (((2.8, 2.8), (3.1, 3.0)), ((2.8, 2.7), (3.1, 3.1))):  # one of both is enough
        differ = tuple(map(bms.BatteryThresholds, load_V, alarm_V))
        assert bms.Settings(battery_count=2, battery_thresholds=differ).plan.load_V == load_V
    same = (bms.BatteryThresholds(2.7, 3.0),) * 2
    plan = bms.Settings(battery_count=2, battery_thresholds=same).plan
    assert plan.load_V == () and plan.quiet["cell_voltage_V"] == (3.0, 3.75) and plan.start_V == (3.0,)


def test_rows_have_the_range_in_which_idle_predicates_stay_idle() -> None:
    rows = bms.Settings().plan.rows
    assert [row[0] for row in rows] == list(range(len(CHANNELS)))
    found = {CHANNELS[index]: (low, high, len(predicates)) for index, low, high, predicates in rows}
    assert found["input_voltage_V"] == (13.0, 13.0, 3) and found["cell_voltage_V"] == (3.1, 3.75, 3)
    assert found["cell_temperature_degC"] == (5.0, 50.0, 3) and found["battery_voltage_V"] == (8.0, LARGEST, 1)
    assert found["cell over load threshold"] == (-LARGEST, LARGEST, 0)
    assert found["remote level"] == (0.0, 0.0, 2) and found["bank current"] == (
        -LARGEST, 400.0, 1)


def test_where_the_source_stays_as_it_is() -> None:
    """Against `update` itself, at every threshold and the numbers next to it; in an empty range nothing stays."""
    firmware = bms.FirmwareParameters(start_V=13.2, weak_V=12.8, stop_V=12.5)
    plan = bms.Settings(firmware=firmware).plan
    source = plan.by_index[0].predicates
    assert len(plan.steady_source) == 2 ** len(source) == 8
    edges = (-5.0, 12.5, 12.8, 13.2, 59.5)
    volts = [v for edge in edges for v in (math.nextafter(edge, -99.0), edge, math.nextafter(edge, 99.0))][1:-1]
    stayed = 0
    for active, (low_V, high_V) in plan.steady_source.items():
        states = {p.name: PredicateState(p.name in active, None, 9_000) for p in source}
        for value in volts:
            stays = all(update(p, states[p.name], (value, value), 9_001) is states[p.name] for p in source)
            assert (low_V <= value <= high_V) is stays, (active, value)
            stayed += stays
    assert stayed >= len(volts) - 2
    assert plan.steady_source["source low", "source weak"] == (-5.0, math.nextafter(12.5, 0.0))
    assert plan.steady_source[("source ready",)] == (math.nextafter(13.2, 99.0), 59.5)
