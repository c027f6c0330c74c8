"""Parameters and states of a bank: batteries in parallel, each of cells in series. One battery is a bank of one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.cell import CellParameters


class BankParameters(NamedTuple):
    """Parameters of a bank.

    Attributes
    ----------
    cell : CellParameters
        The nominal cell.
    capacity_Ah : float
        Nominal capacity of one battery (that of the nominal cell).
    capacity_factor, resistance_factor : ndarray, shape (n_batteries, n_cells)
        Age and spread of each cell around the nominal one (1 = nominal).
    terminal_resistance_ohm : float
        Busbars, terminals and bolts of one battery.
    cable_ohm : ndarray, shape (n_batteries,)
        Each battery's own cable to where all meet, both poles; constant.
    cell_to_ambient_K_W, cell_to_cell_K_W : float
        Thermal resistance of each cell to the air around the battery, and to the next cell in the row.
    balancing_start_V, balancing_full_V, balancing_A : float
        A cell bleeds from the first voltage on (behind its ohmic drop), rising linearly to the full current at the
        second.
    """

    cell: CellParameters
    capacity_Ah: float
    capacity_factor: NDArray[np.float64]
    resistance_factor: NDArray[np.float64]
    terminal_resistance_ohm: float
    cable_ohm: NDArray[np.float64]
    cell_to_ambient_K_W: float
    cell_to_cell_K_W: float
    balancing_start_V: float
    balancing_full_V: float
    balancing_A: float


class BankState(NamedTuple):
    """State of every cell, each an array of shape (n_batteries, n_cells) if nothing else is said.

    The last four only keep books: with them charge and energy add up over any stretch, whatever stepped the bank.

    Attributes
    ----------
    soc : ndarray
        State of charge.
    h : ndarray
        Hysteresis, -1 (after discharge) to 1 (after charge).
    temperature_degC : ndarray
        Cell temperature.
    v_V : ndarray, shape (n_pairs, n_batteries, n_cells)
        Polarisation of the pairs, positive after charging [V].
    bled_C : ndarray
        Charge that balancing has taken from the cell.
    chemical_J : ndarray
        Energy that went into the cell's chemistry, integral of I (U - T dU/dT).
    heat_J : ndarray
        Heat made in the cell, its balancing and its part of the terminals.
    cable_J : ndarray, shape (n_batteries,)
        Heat made in the battery's own cable.
    """

    soc: NDArray[np.float64]
    h: NDArray[np.float64]
    temperature_degC: NDArray[np.float64]
    v_V: NDArray[np.float64]
    bled_C: NDArray[np.float64]
    chemical_J: NDArray[np.float64]
    heat_J: NDArray[np.float64]
    cable_J: NDArray[np.float64]
