"""What the pictures share: figures without a window, times that matplotlib can draw along."""

import os.path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def check_picture(path: str) -> None:
    """Refuse a path that no picture can be written to.

    Parameters
    ----------
    path : str

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If its folder does not exist, or its ending names no format of pictures.
    """
    formats = new_figure((1, 1)).canvas.get_supported_filetypes()
    folder, file = os.path.split(path)
    if not os.path.isdir(folder or "."):
        raise ValueError(f"The picture cannot be written: there is no folder {folder!r}.")
    ending = file.rpartition(".")[2] if "." in file else "png"
    if ending.lower() not in formats:
        raise ValueError(
            f"The picture must end in one of {', '.join(sorted(formats))}, got {file!r}."
        )


def new_figure(size: tuple[float, float]) -> "Figure":
    """Return an empty figure of a size in inches that belongs to no window, or say what to install.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'Pictures need matplotlib; install it with pip install "reservoir-toolkit[plot]".'
        ) from error
    return Figure(figsize=size, layout="constrained")


def axes_or_new(ax: "Axes | None", size: tuple[float, float]) -> "Axes":
    """Return the given axes, or those of a new figure of a size in inches."""
    return new_figure(size).subplots() if ax is None else ax


def open_frame(ax: "Axes") -> None:
    """Leave the upper and the right side of the frame out."""
    ax.spines[["top", "right"]].set_visible(False)


def legend_above(ax: "Axes") -> None:
    """Put the legend over the right end of the frame, where it hides nothing."""
    n_entries = len(ax.get_legend_handles_labels()[1])
    n_columns = n_entries if n_entries <= 5 else min(6, (n_entries + 1) // 2)
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=n_columns)


def label_times(ax: "Axes", index: pd.Index) -> None:
    """Name the axis of times, and write dates as short as they can be told apart."""
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        zone = getattr(index, "tz", None)
        locator = AutoDateLocator(tz=zone)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
    ax.set_xlabel("" if index.name is None else str(index.name))


def times_of(index: pd.Index) -> Any:
    """Return what matplotlib can draw along."""
    return (
        index.to_timestamp().to_numpy() if isinstance(index, pd.PeriodIndex) else index.to_numpy()
    )
