"""Sizing: which fuse for this alternator, these cables and this bank, and what to expect; runs of the engine."""
