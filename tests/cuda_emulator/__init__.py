"""Emulated GPU: a substitute for CuPy that compiles CUDA sources with g++; see README.md."""
