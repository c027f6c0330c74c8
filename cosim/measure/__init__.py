"""Measurements on waveforms, as an oscilloscope makes them: for benches, reports and notebooks.

A waveform is two arrays of one length: instants `time_s` [s], which rise strictly, and values `value`, straight lines
between them; a result without a unit of its own has that of the values.
Every function refuses what it cannot measure with `MeasureError`: times that do not rise, values that are not finite,
an interval outside the waveform, a transition that is not there. What may rightly be absent (crossings of a level) is
an empty array. Nothing returns NaN.

Examples
--------
>>> from cosim import measure
>>> edge = measure.transition([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 10.0, 10.0])
>>> round(edge.duration_s, 3)
0.8
>>> measure.i2t_A2s([0.0, 3.0], [0.0, 10.0])
100.0
"""

from cosim.measure.integrals import (
    Peak,
    energy_J,
    highest,
    highest_mean,
    i2t_A2s,
    integral,
    longest_above_s,
    lowest,
    mean,
    product_integral,
    rms,
    running_integral,
    time_above_s,
)
from cosim.measure.ports import (
    Line,
    ripple,
    source_resistance_ohm,
    steady,
    straight_line,
)
from cosim.measure.transitions import (
    Levels,
    Threshold,
    Transition,
    crossings,
    delay_s,
    overshoot,
    rise_time_s,
    settling_s,
    state_levels,
    threshold,
    transition,
)
from cosim.measure.waveform import (
    MeasureError,
    between,
    checked,
)

__all__ = [
    "Levels", "Line", "MeasureError", "Peak", "Threshold", "Transition", "between", "checked", "crossings",
    "delay_s", "energy_J", "highest", "highest_mean", "i2t_A2s", "integral", "longest_above_s", "lowest",
    "mean", "overshoot", "product_integral", "ripple", "rise_time_s", "rms", "running_integral", "settling_s",
    "source_resistance_ohm", "state_levels", "steady", "straight_line", "threshold", "time_above_s",
    "transition",
]
