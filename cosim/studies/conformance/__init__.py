"""The datasheet, measured: every row of the requirements on a virtual test bench.

A bench (`rows_*.py`) raises `MeasureError` where its run does not show what it is to measure.
"""
