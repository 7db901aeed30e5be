"""Counts: stack -> integer counts, each with one body for the CPU and one for the GPU."""
