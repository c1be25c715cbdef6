"""Numba kernels of hrgcore: arrays in, arrays out. Importing this package alone does not import Numba."""
