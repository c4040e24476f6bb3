"""The command `reservoir warmup`: compile everything ahead of time, in an image for example."""

import argparse
import warnings

from reservoir._warmup import warmup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument("--quiet", action="store_true", help="show no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Compile, and keep what was compiled."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "What was compiled is lost")
        try:
            warmup(verbose=not arguments.quiet)
        except UserWarning as lost:
            raise OSError(str(lost)) from None
    return 0
