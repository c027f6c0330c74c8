"""Co-simulation of a 12 V LFP battery management system: SPICE windows inside a slow engine.

`cosim.scenario.load_scenario` reads a scenario, `cosim.simulation.Simulation` runs it, and
`cosim.result.Result` keeps what came out. The command line is `bms-cosim` (`cosim.cli`).
"""

from cosim.paths import require_own_packages

__version__ = "0.1.0"

# The one thing done at import: a user's own `models` folder on the path would otherwise be imported
# by the modules below and fail there with a message that helps nobody. It only looks, it loads nothing.
require_own_packages()
