"""A stand-in for CuPy that compiles CUDA sources with g++ and runs them on the CPU."""
