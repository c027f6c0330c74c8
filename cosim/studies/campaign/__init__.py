"""Campaigns: random legal scenarios with injected faults against safety invariants; a violation is shrunk."""
