"""Continuous mode: a whole scenario as one SPICE transient, the reference for slow engine and windows."""
