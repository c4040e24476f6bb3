"""This package against its peers: ``python -m tests.benchmarks`` from the root of the checkout.

Every contestant that is installed (``pip install -e ".[bench]"``) gets the same matrices and the
same series, and all run in turn, round after round, in one process; what is compared are medians.
NumPy arrays go in and come out, threads are those that each package takes by itself, and a first
run of each, which compiles what is to be compiled, is checked and not counted. What computes
something else than the equation is marked and not compared.

``--quick`` looks at fewer tasks for less long. Let nothing else run on the machine meanwhile: a
BLAS that waits for a busy core may take ten times as long.
"""
