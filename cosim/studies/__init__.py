"""Studies: what engineers do with the engine (conformance, compare, sweep, campaign)."""
