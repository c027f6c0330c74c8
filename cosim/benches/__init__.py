"""Benches of the circuits: functions that run one netlist as a requirement asks; waveforms and figures."""
