"""Schematics of the netlists, drawn from source and compared with the netlist element by element and node by node."""
