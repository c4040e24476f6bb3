"""Run the benchmarks: ``python -m tests.benchmarks [stage ...] [--quick]``."""

import argparse
import logging
import os
import warnings
from pathlib import Path
from time import perf_counter

from tests.benchmarks import _machine, _pictures, _report
from tests.benchmarks._race import Outcome, race
from tests.benchmarks.contestants import CONTESTANTS, OURS, Contestant
from tests.benchmarks.stages import STAGES

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    arguments = _parser().parse_args()
    unknown = set(arguments.stages) - set(STAGES)
    if unknown:
        raise SystemExit(f"unknown stages: {', '.join(sorted(unknown))}; see --help")
    warnings.simplefilter("ignore")  # those of the peers
    logging.disable(logging.WARNING)
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 5)
    arguments.budget = arguments.budget or (0.5 if arguments.quick else 10.0)
    arguments.output.mkdir(parents=True, exist_ok=True)
    head = "\n".join(_machine.describe())
    print(head, flush=True)
    report = [head]
    for name in arguments.stages or _by_default(arguments.quick):
        contestants = _chosen(STAGES[name].contestants, arguments.only)
        outcomes = _run(name, contestants, arguments)
        if not outcomes:  # no row has what --rows asks for
            continue
        report.append(f"{STAGES[name].title}\n\n{_report.table(outcomes)}")
        print("\n" + report[-1], flush=True)
        paths = _report.write_csv(outcomes, arguments.output, name)
        paths.append(arguments.output / f"{name}.png")
        _pictures.draw(outcomes, STAGES[name].title, paths[-1])
        print("Written:", ", ".join(path.name for path in paths), "to", arguments.output)
    (arguments.output / "report.txt").write_text("\n\n\n".join(report) + "\n")


def _by_default(quick: bool) -> list[str]:
    return [
        name for name, stage in STAGES.items() if stage.by_default and (stage.if_quick or not quick)
    ]


def _run(name: str, contestants: list[Contestant], arguments: argparse.Namespace) -> list[Outcome]:
    print(f"\n{STAGES[name].title}")
    outcomes = []
    for row in STAGES[name].rows(arguments.quick):
        if arguments.rows not in row.label:
            continue
        start = perf_counter()
        outcomes.append(race(row, contestants, arguments.rounds, arguments.budget))
        print(f"  {row.label}: {perf_counter() - start:.0f} s{_load()}", flush=True)
    return outcomes


def _load() -> str:
    """Warn where others use the machine as well."""
    try:
        load, n_cores = os.getloadavg()[0], os.cpu_count() or 1
    except OSError:
        return ""
    return f" (load {load:.1f}: others are at work, take no time for granted)" * (load > n_cores)


def _chosen(of_stage: tuple[Contestant, ...], names: list[str]) -> list[Contestant]:
    """Return those of a stage that have these names, ours always among them."""
    known = {one.name.lower(): one for one in CONTESTANTS}
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        raise SystemExit(f"--only takes {', '.join(known)}; got {', '.join(unknown)}")
    chosen = {known[name.lower()] for name in names} | {OURS}
    return [one for one in of_stage if not names or one in chosen]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m tests.benchmarks",
        description="This package against every peer that is installed, in turn, in one run.",
    )
    stages = ", ".join(STAGES)
    parser.add_argument(
        "stages",
        nargs="*",
        metavar="stage",
        help=f"{stages}; by default {', '.join(_by_default(False))}",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"fewer rows, rounds and seconds; by default {', '.join(_by_default(True))}",
    )
    parser.add_argument("--rounds", type=int, help="how often each runs: 5, or 3 with --quick")
    parser.add_argument(
        "--budget",
        type=float,
        help="seconds that one run may take before it does a part: 10, or 0.5 with --quick",
    )
    parser.add_argument("--rows", default="", metavar="TEXT", help="rows whose label has this")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these contestants")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for CSV and PNG")
    return parser


if __name__ == "__main__":
    main()
