"""Stack -> integer counts: the only code with a body for the CPU and one for the GPU."""
