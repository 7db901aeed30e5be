"""Fuzz targets: each reader of files against broken and hostile input.

``python -m tests.fuzz.npy_header --seconds 60 --seed 0 --findings /tmp/findings`` runs one target.
A run ends with status 1 if an input gives anything but a right result or a documented error that
names the file; the input and the traceback are then in the folder of findings.
"""
