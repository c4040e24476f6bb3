"""Outcomes as a table, as CSV and as a picture."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks._race import Lane, Outcome, value_in_words
from tests.benchmarks.contestants import CONTESTANTS, RESERVOIRPY, Contestant, UnableError

LEGEND = (
    "~ scaled up from a part; ! computes something else, see the notes, and is not compared; "
    "- did not take part; x times as long as reservoir"
)

COLUMNS = [
    "stage",
    "row",
    "curve",
    "x",
    "contestant",
    "version",
    "unit",
    "median",
    "minimum",
    "maximum",
    "rounds",
    "amount",
    "amount_run",
    "scaled",
    "differs",
    "remark",
    "failure",
]
RATIO_COLUMNS = [
    "row",
    "unit",
    "reservoir",
    "fastest_peer",
    "fastest_peer_median",
    "fastest_peer_ratio",
    "reservoirpy_median",
    "reservoirpy_ratio",
]


def table(outcomes: Sequence[Outcome]) -> str:
    """Return medians of all contestants, and how many times as long as ours the peers take."""
    contestants = [lane.contestant for lane in outcomes[0].lanes]
    head = ["", *(one.name for one in contestants), "fastest peer / reservoir"]
    if RESERVOIRPY in contestants:
        head.append("ReservoirPy / reservoir")
    body = [_cells(outcome)[: len(head)] for outcome in outcomes]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [head, ["-" * width for width in widths], *body]
    ]
    return "\n".join([*lines, LEGEND, *notes(outcomes)])


def notes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield what is to be known of each contestant: its remarks, and why it is missing."""
    for contestant in CONTESTANTS:
        said: dict[str, list[str]] = defaultdict(list)
        for outcome in outcomes:
            for lane in outcome.lanes:
                if lane.contestant is contestant:
                    said[lane.failure or lane.remark].append(outcome.row.label)
        if contestant.remark and said:
            yield f"  {contestant.name}: {contestant.remark}"
        for text, labels in said.items():
            if text:
                where = "" if len(labels) == len(outcomes) else f" ({'; '.join(labels)})"
                yield f"  {contestant.name}: {text}{where}"


def write_csv(outcomes: Sequence[Outcome], folder: Path, stage: str) -> list[Path]:
    """Write every value of every contestant, and one line of ratios for each row."""
    values = [_value_record(outcome, lane) for outcome in outcomes for lane in outcome.lanes]
    tables = {f"{stage}.csv": values, f"{stage}_ratios.csv": list(map(_ratio_record, outcomes))}
    for name, records in tables.items():
        with (folder / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(records[0]))
            writer.writeheader()
            writer.writerows(records)
    return [folder / name for name in tables]


def _value_record(outcome: Outcome, lane: Lane) -> dict[str, object]:
    row, values = outcome.row, lane.values
    return {
        "stage": row.stage,
        "row": row.label,
        "curve": row.curve,
        "x": row.x or "",
        "contestant": lane.contestant.name,
        "version": _version(lane.contestant),
        "unit": row.unit,
        "median": lane.median if values else "",
        "minimum": min(values, default=""),
        "maximum": max(values, default=""),
        "rounds": len(values),
        "amount": row.amount,
        "amount_run": lane.amount,
        "scaled": lane.scaled,
        "differs": lane.differs,
        "remark": "; ".join(filter(None, (lane.contestant.remark, lane.remark))),
        "failure": lane.failure,
    }


def _ratio_record(outcome: Outcome) -> dict[str, object]:
    ours, fastest, other = outcome.ours(), outcome.fastest_peer(), outcome.reservoirpy()
    return {
        "row": outcome.row.label,
        "unit": outcome.row.unit,
        "reservoir_median": ours.median if ours else "",
        "fastest_peer": fastest.contestant.name if fastest else "",
        "fastest_peer_median": fastest.median if fastest else "",
        "fastest_peer_ratio": outcome.ratio(fastest) or "",
        "reservoirpy_median": other.median if other else "",
        "reservoirpy_ratio": outcome.ratio(other) or "",
    }


def _version(contestant: Contestant) -> str:
    try:
        return contestant.version()
    except UnableError:
        return ""


def _cells(outcome: Outcome) -> list[str]:
    fastest = outcome.fastest_peer()
    return [
        outcome.row.label,
        *(_cell(outcome, lane) for lane in outcome.lanes),
        _times(outcome.ratio(fastest), f" ({fastest.contestant.name})" if fastest else ""),
        _times(outcome.ratio(outcome.reservoirpy()), ""),
    ]


def _cell(outcome: Outcome, lane: Lane) -> str:
    if not lane.values or lane.failure:
        return "-"
    mark = ("~" if lane.scaled else "") + ("!" if lane.differs else "")
    return mark + value_in_words(lane.median, outcome.row.unit)


def _times(ratio: float | None, whose: str) -> str:
    return "-" if ratio is None else f"x {ratio:.3g}{whose}"
