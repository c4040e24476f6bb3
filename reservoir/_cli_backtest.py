"""The command `reservoir backtest`: how good forecasts of a file would have been."""

import argparse

from reservoir import _cli_options, _cli_series
from reservoir._cli_options import check_targets, coverage_of, forecaster_of, words_of_files
from reservoir._cli_series import named, read
from reservoir._cli_trial import add_test, in_digits, picture_of_windows, tested
from reservoir._report import drawing, new_report
from reservoir.forecasting import score

REFIT: dict[str, bool | str] = {"yes": True, "no": False, "update": "update"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    _cli_series.add_arguments(parser)
    _cli_options.add_arguments(parser)
    add, positive = parser.add_argument, _cli_options.positive
    add("--horizon", required=True, type=positive, metavar="H", help="steps of each window")
    add("--windows", type=positive, default=5, metavar="N",
        help="how many at most; the last ends with the series (default: 5)")  # fmt: skip
    add("--stride", type=positive, metavar="N",
        help="rows from one window to the next (default: the horizon)")  # fmt: skip
    add("--gap", type=_cli_options.count, default=0, metavar="N",
        help="rows before each window that are not known either (default: 0)")  # fmt: skip
    add("--train-size", type=positive, metavar="N",
        help="rows before each window to learn (default: all)")  # fmt: skip
    add("--refit", choices=REFIT, default="yes",
        help="learn anew for each window (default); never, and only take the rows in; or learn "
        "those alone that came in")  # fmt: skip
    add("--output", metavar="OUT.csv", help="where to write each forecast beside what came")
    add("--plot", metavar="OUT.png", help="where to draw them")
    add("--report", metavar="OUT.html", help="where to write a page with pictures and tables")


def run(arguments: argparse.Namespace) -> int:
    """Read the file, forecast its past, print how good that was."""
    check_targets(arguments, "output")
    data = read(arguments, getattr(arguments, "missing", "raise"))
    forecaster = forecaster_of(arguments, data)
    options = {
        "horizon": arguments.horizon, "n_windows": arguments.windows, "stride": arguments.stride,
        "gap": arguments.gap, "train_size": arguments.train_size,
        "refit": REFIT[arguments.refit], "coverage": coverage_of(arguments),
    }  # fmt: skip
    with words_of_files(data.column):
        test = tested(forecaster, data, **options)
        if not len(test.windows):
            raise ValueError(
                f"y must have rows for a window of {arguments.horizon} step(s) and, before it, as "
                f"many and enough for a forecast, got {len(data.y)}; shorten --horizon or --gap, "
                "or let --train-size be."
            )
        windows = test.own
        lead = (
            f"{windows['window'].nunique()} × {arguments.horizon} steps, from "
            f"{named(windows['time'].min())} to {named(windows['time'].max())}, each forecast "
            f"from the rows before it{f' and a gap of {arguments.gap}' if arguments.gap else ''}"
        )
        print(f"Backtest over {lead}:\n{test.text(data)}")
        if arguments.output:
            windows.to_csv(arguments.output, index=False)
        if arguments.plot:
            with drawing():
                picture_of_windows(data, windows).savefig(arguments.plot)
        if arguments.report:
            report = new_report(f"{data.column}: a backtest", f"{lead}.", arguments, data)
            add_test(report, forecaster, data, test)
            report.heading("Errors by steps ahead")
            report.table(in_digits(score(windows, by="step")))
            if data.is_panel:
                report.heading("Errors by series")
                report.table(in_digits(score(windows, by="series")))
            report.save(arguments.report)
    return 0
