"""Constants of the protection: load, System+, remote, plausibility, consumption.

Each one carries its range, unit and source; the comment above it says why it has its value, where it is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from bms.constant import constant


@dataclass(frozen=True, slots=True)
class ProtectionParameters:
    """Constants of load disconnect, System+, remote, plausibility checks and consumption."""

    # Rides through the dip of a motor start; two readings of a 100 ms task.
    cell_low_delay_ms: int = constant(200, 0, 10_000, "ms", "ours")
    cell_low_hysteresis_V: float = constant(0.05, 0.0, 0.2, "V", "ours")
    pre_alarm_delay_ms: int = constant(200, 0, 10_000, "ms", "ours")
    # Half the largest distance between a pre-alarm threshold and `load_rearm_V`.
    pre_alarm_hysteresis_V: float = constant(0.05, 0.0, 0.2, "V", "ours")
    alarm_lead_ms: int = constant(30_000, 30_000, 600_000, "ms", "datasheet O5")
    # Intermittent: half on, half off. A seventh change (off, 3 x on and off) comes two periods after the first.
    alarm_period_ms: int = constant(30_000, 1_000, 120_000, "ms", "ours, O4")
    # Above every pre-alarm threshold: a load that returns does not alarm at once.
    load_rearm_V: float = constant(3.2, 3.15, 3.4, "V", "ours")
    # Longer than the quick part of the rebound of an unloaded LFP cell.
    load_rest_ms: int = constant(60_000, 1_000, 3_600_000, "ms", "ours")
    # From one switching on of an output to the next: six changes a minute at most, whatever the causes, because a
    # seventh (off, 3 x on and off) comes two spacings after the first.
    output_spacing_ms: int = constant(30_000, 0, 600_000, "ms", "ours")
    cell_very_cold_degC: float = constant(-20.0, -40.0, 0.0, "degC", "manual B5")
    cell_very_cold_release_degC: float = constant(-18.0, -40.0, 5.0, "degC", "ours")

    remote_delay_ms: int = constant(100, 0, 5_000, "ms", "ours")
    remote_L_on_V: float = constant(5.0, 1.0, 8.0, "V", "datasheet R2")
    remote_L_off_V: float = constant(6.5, 1.0, 9.0, "V", "ours, R2")
    remote_H_on_V: float = constant(3.0, 1.0, 8.0, "V", "datasheet R3")
    remote_H_off_V: float = constant(2.0, 0.5, 8.0, "V", "ours, R3")

    # 5 % above the 200 A of S1, so that a sensor error of 3 % does not end a continuous load.
    system_continuous_A: int = constant(210, 50, 300, "A", "ours, S1")
    system_peak_A: int = constant(400, 100, 600, "A", "datasheet S2")
    system_peak_ms: int = constant(5_000, 100, 60_000, "ms", "ours, S2")
    # The current is held in steps, rounded up, and not below the floor; so holds last.
    system_step_A: int = constant(5, 1, 50, "A", "ours")
    system_floor_A: int = constant(150, 5, 200, "A", "ours")
    # 50 mF to 13 V through the 2 A of the pre-charge take 0.33 s.
    precharge_limit_ms: int = constant(2_000, 100, 10_000, "ms", "ours, S6")
    precharge_drop_V: float = constant(1.0, 0.1, 3.0, "V", "ours, S6")
    system_rest_ms: int = constant(20_000, 1_000, 600_000, "ms", "ours")
    system_retries: int = constant(3, 0, 20, "1", "ours")
    system_settled_ms: int = constant(60_000, 1_000, 3_600_000, "ms", "ours")
    removal_delay_ms: int = constant(2_000, 0, 60_000, "ms", "ours, S2")

    # Load dump A lasts 0.4 s and saturates the input sensor.
    range_delay_ms: int = constant(1_000, 0, 60_000, "ms", "ours")
    unusable_delay_ms: int = constant(300, 0, 60_000, "ms", "ours")
    contradiction_delay_ms: int = constant(2_000, 0, 60_000, "ms", "ours")
    # 400 A over 2 mohm of cable are 0.8 V; busbars and sensor errors take the rest.
    cell_contradiction_V: float = constant(1.5, 0.2, 5.0, "V", "ours")
    input_contradiction_V: float = constant(0.5, 0.1, 5.0, "V", "ours")
    # Over the offset of the sense amplifier (1 mV are 2 A) and of a 500 A sensor (1 %).
    stuck_current_A: float = constant(5.0, 0.5, 50.0, "A", "ours")
    stuck_delay_ms: int = constant(1_000, 0, 60_000, "ms", "ours")
    open_drop_V: float = constant(1.0, 0.2, 10.0, "V", "ours")
    open_current_A: float = constant(2.0, 0.1, 20.0, "A", "ours")
    # Load dumps block the path for 0.4 s by themselves.
    open_delay_ms: int = constant(5_000, 0, 60_000, "ms", "ours")
    system_open_drop_V: float = constant(2.0, 0.5, 10.0, "V", "ours")
    # Below it the gate drivers cannot hold their devices out of linear mode.
    brown_out_V: float = constant(8.0, 4.0, 10.0, "V", "ours")
    brown_out_release_V: float = constant(9.5, 5.0, 12.0, "V", "ours")

    bank_delay_ms: int = constant(1_000, 0, 60_000, "ms", "ours, A11")
    bank_release_fraction: float = constant(0.95, 0.5, 1.0, "1", "ours")
    bank_interval_ms: int = constant(10_000, 1_000, 600_000, "ms", "ours")
    bank_rise_A: float = constant(5.0, 0.5, 50.0, "A", "ours")
    bank_recover_fraction: float = constant(0.9, 0.1, 1.0, "1", "ours")

    # Of the circuit (klift, tlift and the way back of alternator_path.cir): 250 A for 0.5 s at most.
    lift_factor: float = constant(2.5, 1.0, 2.5, "1", "ours, A4")
    lift_ms: int = constant(485, 0, 500, "ms", "ours, A4")
    # What a fuse withstands 100 times: 48 % of its melting I2t. Ten dumps a minute apart are one test.
    lift_fuse_share: float = constant(0.48, 0.0, 1.0, "1", "Littelfuse, Fuseology, pulse cycle withstand, A4")
    # A lift adds 5 K and a thermal resistance of +20 % some 20 K; the element melts at 225 degC.
    lift_fuse_degC: float = constant(150.0, 25.0, 200.0, "degC", "ours, A4")
    # 225 A over 0.5 mohm of a 200 Ah cell are 0.11 V, with its polarisation below 0.2 V; over-voltage is 3.75 V.
    lift_cell_V: float = constant(3.5, 3.0, 3.7, "V", "ours, A4")
    # As long as the longest hold while charging, so that a refusal costs no more calls.
    lift_rest_ms: int = constant(60_000, 0, 3_600_000, "ms", "ours")
    # 0: series devices limit, what goes in comes out. A buck: share of the power behind the fuse that reaches the stud.
    converter_efficiency: float = constant(0.0, 0.0, 1.0, "1", "ours, A11")

    # 0.1 C over a cell resistance of 1 mohm are 20 mV, twenty steps of the converter.
    frozen_band_C: float = constant(0.1, 0.01, 1.0, "1/h", "ours")
    frozen_band_A: float = constant(20.0, 1.0, 100.0, "A", "ours")
    frozen_delay_ms: int = constant(5_000, 100, 60_000, "ms", "ours")
    frozen_strikes: int = constant(2, 1, 10, "1", "ours")
    # 15 W into 1.5 kJ/K are 3 K in five minutes, twelve steps of the NTC converter.
    frozen_power_W: float = constant(15.0, 1.0, 100.0, "W", "ours")
    frozen_heat_ms: int = constant(300_000, 1_000, 3_600_000, "ms", "ours")
    # More wind may take away more heat at the same temperature, to a step of the converter, but hardly twice.
    frozen_heat_strikes: int = constant(2, 1, 10, "1", "ours")
    fuse_check_ms: int = constant(10_000, 1_000, 60_000, "ms", "ours")
    fuse_check_A: float = constant(20.0, 5.0, 100.0, "A", "ours")
    # Square root of 1.25, the smallest step between two ratings; the tolerance of a fuse is +-10 %.
    fuse_check_ratio: float = constant(1.118, 1.02, 1.5, "1", "ours")
    fuse_check_strikes: int = constant(2, 1, 10, "1", "ours")

    supply_on_A: float = constant(0.0175, 0.0, 1.0, "A", "datasheet C1")
    supply_off_A: float = constant(0.0065, 0.0, 1.0, "A", "datasheet C2")
    supply_disabled_A: float = constant(0.0045, 0.0, 1.0, "A", "datasheet C2")


PROTECTION_ORDER: tuple[tuple[str, str], ...] = (
    ("cell_very_cold_degC", "cell_very_cold_release_degC"),
    ("remote_L_on_V", "remote_L_off_V"),
    ("remote_H_off_V", "remote_H_on_V"),
    # With L and H connected (R1) one of them always says ON.
    ("remote_H_on_V", "remote_L_on_V"),
    ("system_floor_A", "system_continuous_A"),
    ("system_continuous_A", "system_peak_A"),
    ("brown_out_V", "brown_out_release_V"),
)
"""Pairs of constants of which the first must not lie above the second."""
