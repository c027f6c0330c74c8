"""Waveforms in files of other programs: CSV, Parquet, netCDF, raw files of ngspice and LTspice, VCD.

`read` gives the records of any of them, `write` makes one of a result; `cosim.files.formats` is the table of formats.
`bms-cosim export` and `bms-cosim compare` stand on both.
"""

from cosim.files.formats import FORMATS, Format, format_of, read, write
from cosim.files.record import Column, Record

__all__ = ["FORMATS", "Column", "Format", "Record", "format_of", "read", "write"]
