"""The `reservoir` command: each subcommand has a module of its own, loaded when it is asked for."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from importlib import import_module

from reservoir import __version__

COMMANDS = {
    "forecast": "forecast a column of a CSV file, and say how good the forecast is",
    "backtest": "say how good forecasts of a column would have been, window by window",
    "timer": "solve the 1000·u2 timer, next to classic models",
    "warmup": "compile ahead of time what fits and predictions need",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; None takes those of the process.

    Returns
    -------
    int
        The exit code: 0 if all went well, 2 for wrong usage or input, with one sentence on
        standard error, 130 after Ctrl-C, and 141 if its output is not read to the end.

    Examples
    --------
    >>> from reservoir.cli import main
    >>> main(["forecast", "missing.csv", "--column", "price", "--horizon", "3"])
    2
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = " ".join(["reservoir", *arguments[:1]])
    try:
        options = _parser(arguments).parse_args(arguments)
        options.line = shlex.join(["reservoir", *arguments])
        from threadpoolctl import threadpool_limits

        # fits as small as these gain little from more threads, and lose much on a busy machine
        with threadpool_limits(1):
            code = int(options.run(options))
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse has written its message
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return _say(f"{name}: interrupted", 130)
    except BrokenPipeError:  # whoever reads the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13  # as of a process that SIGPIPE has ended
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return _say(f"{name}: {reason}", 2)
    except (ValueError, ImportError, FloatingPointError) as error:
        return _say(f"{name}: {error}", 2)


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    """Return a parser that knows the options of the one command that is asked for."""
    parser = argparse.ArgumentParser(
        prog="reservoir", description="Reservoir computing and recurrent networks for time series."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(
            name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
        )
        if name in arguments:
            module = import_module(f"reservoir._cli_{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def _say(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code
