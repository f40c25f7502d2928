"""The fleet seen from its neighbours: requests become fleet events, its state becomes snapshots.

`accounts` and `workers` serve engine.api, `door` serves the worker namespace of the gateway.
"""
