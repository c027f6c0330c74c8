"""Windows: full SPICE transients around what is fast, started from the slow state and handed back to it."""
