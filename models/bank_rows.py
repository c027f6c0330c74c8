"""Where a bank's numbers lie in its work space: one flat array, one row of `LANES` places per quantity.

A compiler that sees two arrays must assume that they overlap; of two places in one array that are a constant distance
apart it knows that they do not. So one loop over the cells can read and write twenty quantities, four or eight cells at
a time, where arrays of their own took twenty loops. The place of cell ``i`` in row ``R`` is ``R * LANES + i``.
"""

LANES = 424
"""Most cells of a bank (50 batteries of 8). An odd number of cache lines (53), so that the rows of a small bank do not
fall upon the same few places of the cache."""

LINE = 8
"""Numbers in a line of the cache. The array begins on one, and `LANES` is a whole number of them."""
AT_ONCE = 5 * LINE
"""Cells whose tables are read one after the other while all their rows are in the nearest cache."""

SOC, H, DEGC, BLED_C, CHEMICAL_J, HEAT_J = range(6)
"""State of the cells, see `models.bank_types.BankState`; CHEMICAL_J as it was when the tables were last read."""
V = 6
"""Voltage of all pairs together; kept up by what moves a pair."""
SOC_READ, U0, U1, U2, U3, HYSTERESIS_V, OHM, ENTROPIC_V, BLEED_A = range(7, 16)
"""Refreshed: U = U0 + d (U1 + d (U2 + d U3)), d = soc - SOC_READ, the charge at which the tables were read; hysteresis,
resistance, T s, balancing current."""
SOC_PER_A = 16
"""Charge per ampere over a step."""
EMF_V, CURRENT_A, OVER_V, HEAT_W, ABOVE_K = range(17, 22)
"""Now, or in the step: EMF, own current, polarisation's mean, mean heat, temperature above the air."""
CABLE_J, BATTERY_S, PART, BATTERY_EMF_V, BATTERY_A = range(22, 27)
"""Of the batteries: heat in the cable so far; conductance, and its part of all; EMF and current now."""
SOC_LOW, SOC_HIGH, PER_SOC, DEGC_LOW, DEGC_HIGH, PER_K = range(27, 33)
"""The tile of the tables that a cell is on: charge and temperature from, to before, and one over the widths (0 outside
the grid, where tables are held)."""
A0, A1, A2, A3, S0, S1 = range(33, 39)
"""On the tile: U25 = A0 + d (A1 + d (A2 + d A3)), s = S0 + S1 d, d = soc - FROM_SOC."""
TABLE = 39
"""On the tile, four rows each: R0 and M as c + x cx + y (cy + x cxy), x and y from 0 to 1 across it."""
FROM_SOC, MOVED = 47, 48
"""Charge at which the tile begins; how far a step's middle is from `SOC_READ`."""
CHARGE_C, LEADS_OHM = 49, 50
"""Made once: charge of a full cell; resistance of a battery's terminals and cable."""
ROWS = 51
"""Rows of the cells; the rows of the first pair come after them, then those of the next."""

PAIR_V, PAIR_OHM, PAIR_TAU_S, PAIR_SCALE_A, DECAY, MEAN = range(6)
"""Rows of a pair: its voltage; refreshed coefficients; exp(-dt/tau) and its mean over the step."""
PAIR_TABLE, TAU0, TAU1, SCALE0, SCALE1 = 6, 10, 11, 12, 13
"""On the tile: resistance (four rows), time constant and current scale as c + y cy."""
PAIR_SLOPE_OHM = 14
"""Refreshed: d(resistance)/d(soc). A cold, almost empty cell's charge-transfer resistance falls by 0.3 % in a second of
60 A; held for that second it would leave 0.2 mV behind in a pair of minutes."""
PAIR_PER_A = 15
"""Refreshed: one over the current scale, 0 for a linear pair."""
PAIR_ROWS = 16

BANK_OHM, TABLES_A, STEP_A, LEAST_C, TIMED_S = range(5)
"""Of the bank: its resistance; up to which current of a battery a step is a usual one (`models.bank_usual`) by what the
tables say, and by the length of the step; charge of the smallest full cell; step for which
SOC_PER_A stands."""
