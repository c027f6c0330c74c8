"""A user's own netlist in place of a shipped circuit: checked, tried and run in a process of its own."""
