"""Sweeps: one scenario run many times with changed parameters, each finished case kept, whatever is killed meanwhile.

study file -> `Study` -> cases (sampling) -> workers (pool or Dask; each stores its case) -> table -> report
"""
