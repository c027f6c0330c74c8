"""The supervisor in a run: its hold, who listens to it, its test vectors and its instant readout as files."""
