"""Decides who watches what. Pure: events and a clock reading in, commands out."""
