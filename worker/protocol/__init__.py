"""What master, workers and front ends say to each other. Pure: no I/O, no clock, no randomness."""
