"""The datasheet, measured: every row of the requirements on a virtual test bench."""
