"""Pictures of runs: a whole run in one picture that reads without the source code."""
