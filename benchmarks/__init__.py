"""What the project costs in time and memory; run with `make bench`."""
