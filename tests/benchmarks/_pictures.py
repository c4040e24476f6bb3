"""Pictures: a row of dots for each task, or curves where the tasks lie on one axis."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks._race import Outcome
from tests.benchmarks.contestants import CONTESTANTS, OURS

MARKERS = "osD^v<>P"


def draw(outcomes: Sequence[Outcome], title: str, path: Path) -> None:
    """Write a PNG of these outcomes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    curves = list(dict.fromkeys(outcome.row.curve for outcome in outcomes))
    if curves == [""]:
        figure, axes = plt.subplots(figsize=(9, 1.6 + 0.35 * len(outcomes)))
        _dots(axes, outcomes)
    else:
        figure, panels = plt.subplots(
            1, len(curves), figsize=(5 * len(curves), 4.5), squeeze=False, layout="constrained"
        )
        for axes, curve in zip(panels[0], curves, strict=True):
            _curves(axes, [outcome for outcome in outcomes if outcome.row.curve == curve], curve)
        axes = panels[0, -1]
    figure.suptitle(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)


def _dots(axes: Any, outcomes: Sequence[Outcome]) -> None:
    for style, contestant in zip(_styles(), CONTESTANTS, strict=True):
        found = [
            (lane.median, height)
            for height, outcome in enumerate(outcomes)
            for lane in outcome.lanes
            if lane.contestant is contestant and lane.counts
        ]
        if found:
            axes.plot(*zip(*found, strict=True), linestyle="", label=contestant.name, **style)
    axes.set_yticks(range(len(outcomes)), [outcome.row.label for outcome in outcomes])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel(f"median, {outcomes[0].row.unit}")
    axes.grid(alpha=0.3)


def _curves(axes: Any, outcomes: Sequence[Outcome], curve: str) -> None:
    for style, contestant in zip(_styles(), CONTESTANTS, strict=True):
        found = [
            (outcome.row.x, lane.median)
            for outcome in outcomes
            for lane in outcome.lanes
            if lane.contestant is contestant and lane.counts
        ]
        if found:
            axes.plot(*zip(*found, strict=True), label=contestant.name, **style)
    places = sorted({outcome.row.x for outcome in outcomes})
    if places[-1] > 10 * places[0]:
        axes.set_xscale("log")
    else:
        axes.set_xticks(places)
    axes.set_yscale("log")
    axes.set_xlabel(curve)
    axes.set_ylabel(f"median, {outcomes[0].row.unit}")
    axes.grid(alpha=0.3)


def _styles() -> list[dict[str, Any]]:
    """Ours is black and large, peers have a colour and a marker each."""
    styles = []
    for number, contestant in enumerate(CONTESTANTS):
        ours = contestant is OURS
        styles.append(
            {
                "color": "black" if ours else f"C{number}",
                "marker": MARKERS[number % len(MARKERS)],
                "markersize": 9 if ours else 6,
                "zorder": 3 if ours else 2,
            }
        )
    return styles
