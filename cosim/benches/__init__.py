"""Benches of the circuits: pure functions that run one netlist as a requirement asks, and their figures."""
