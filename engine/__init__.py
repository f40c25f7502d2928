"""The master: decides who watches what, takes detections in, answers front ends. Runs with or without a window."""
