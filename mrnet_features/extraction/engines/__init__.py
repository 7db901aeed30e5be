"""Rows of many exams: in parallel on this machine, on a GPU, or on a Dask cluster."""
