"""This package against its peers: ``python -m tests.benchmarks`` from the root of the checkout."""
