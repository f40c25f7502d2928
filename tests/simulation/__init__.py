"""A seeded simulation of master and workers: the product's own decisions under virtual time and faults.

Real: `engine.fleet.FleetState`, `worker.watch.Session` with its Lease. Simulated: time, network, disks, processes, the
platforms, and the I/O around the decisions with exactly the product's semantics. `python -m tests.simulation --help`.
"""
