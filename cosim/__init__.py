"""Co-simulation of a 12 V LFP battery management system: SPICE windows inside a slow engine.

`cosim.scenario.load_scenario` reads a scenario, `cosim.simulation.Simulation` runs it, and
`cosim.result.Result` keeps what came out. The command line is `bms-cosim` (`cosim.cli`).

Rooms, from what runs a deck to what a user asks:

- `spice`: sessions on libngspice; what may run, and whether it succeeded
- `circuit`: decks of the shipped circuits and their terminal characteristics as measured; `own`: a user's netlist
- `scenario`: files that say what to run; `inputs`: what they do from outside over time
- `slow`: the compiled tick loop; `windows`: full SPICE around what is fast; `continuous`: the whole run as one window
- `supervisor`: the supervisor's hold, listeners, test vectors and instant readout; `fmu`: it as a co-simulation unit
- `files`: waveforms in files of other programs, written and read
- `record`: balances, figures, summaries; `plot`: pictures; `measure`: waveforms as an oscilloscope measures them
- `live`: a run that people watch and operate while it goes on
- `benches`, `validation`: circuits and models against what they should do
- `studies`: conformance, comparison, regression, sweep, campaign, sizing; `cli`: the commands
"""

from cosim.paths import require_own_packages

__version__ = "0.1.0"

# The one thing done at import: a user's own `models` folder on the path would otherwise be imported
# by the modules below and fail there with a message that helps nobody. It only looks, it loads nothing.
require_own_packages()
