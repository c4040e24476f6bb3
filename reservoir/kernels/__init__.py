"""Compiled loops: numpy and numba only, and nothing above this room imports numba."""
