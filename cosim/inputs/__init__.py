"""What drives the plant from outside over time: drive, loads, events, remote terminals, faults."""
