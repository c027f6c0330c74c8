"""The slow engine: plant state, network, compiled tick loop, and what of it the supervisor's sensors see."""
