"""A page about a forecast: one file of HTML that holds its pictures and asks for nothing else."""

import argparse
import io
import os.path
import re
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from reservoir import __version__
from reservoir._cli_series import Data, in_short, named
from reservoir.plotting import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SHOWN = 12  # series of a panel that are drawn and printed
WIDTHS = (7.5, 4.2)  # inches of the pictures on a desk, and of those on a phone

# Pictures have no ground of their own. In the dark their colours are turned over, hues kept.
STYLE = """
:root { color-scheme: light dark; --ink: #22262a; --soft: #667078; --line: #d9dcdf;
  --paper: #fdfdfb; --shade: #f3f4f2; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #dfe2e4; --soft: #98a2aa; --line: #3b4147; --paper: #16191c; --shade: #1f2327; }
  img { filter: invert(.9) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main, footer { max-width: 48rem; margin: 0 auto; padding: 0 1.25rem; }
main { padding-top: clamp(1.5rem, 6vw, 4rem); }
h1 { font-size: clamp(1.6rem, 5vw, 2.2rem); line-height: 1.2; font-weight: 650; margin: 0; }
h2 { font-size: 1.2rem; font-weight: 650; margin: 3rem 0 .75rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; font-weight: 650; margin: 1.5rem 0 .25rem; }
h1, h2, h3, p, figcaption { overflow-wrap: anywhere; }
.lead { font-size: 1.1rem; color: var(--soft); margin: .75rem 0 2rem; }
p { margin: .75rem 0; }
figure { margin: 1.25rem 0; }
figcaption { color: var(--soft); font-size: .875rem; }
.wide { overflow-x: auto; }
.wide:focus-visible { outline: 2px solid var(--soft); outline-offset: 2px; }
img { display: block; width: 100%; height: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums;
  margin: .75rem 0; }
th, td { padding: .3rem 1.1rem .3rem 0; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; }
th { font-weight: 500; }
thead th { color: var(--soft); border-bottom: 1px solid var(--line); }
tbody tr + tr > * { border-top: 1px solid var(--shade); }
pre { background: var(--shade); padding: .9rem 1.1rem; border-radius: .4rem; font-size: .8125rem;
  line-height: 1.6; white-space: pre-wrap; overflow-wrap: anywhere; margin: .75rem 0;
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
footer { color: var(--soft); font-size: .8125rem; padding-top: 3rem; padding-bottom: 3rem; }
@media print {
  @page { margin: 18mm 16mm; }
  body { font-size: 10.5pt; background: none; }
  main, footer { max-width: none; padding: 0; }
  h2 { break-after: avoid; border: 0; margin-top: 1.5rem; padding: 0; }
  figure, tr, pre { break-inside: avoid; }
  h2 + p { break-after: avoid; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
}
"""

# Nothing is fetched and nothing runs, even if a name got past the escapes.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


class Report:
    """A page that grows from top to bottom; all that it is given as text is shown as it is.

    Parameters
    ----------
    title, lead : str
        What it is about, in a few words and in a sentence or two.
    footer : str

    Examples
    --------
    >>> report = Report("Rain & sun", "Twelve days.", "")
    >>> report.heading("Tomorrow")
    >>> report.text("1 < 2")
    >>> page = report.html()
    >>> page[:15], "<h2>Tomorrow</h2>" in page, "Rain &amp; sun" in page, "1 &lt; 2" in page
    ('<!DOCTYPE html>', True, True, True)
    """

    def __init__(self, title: str, lead: str, footer: str) -> None:
        self._title, self._footer = title, footer
        self._parts = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(lead)}</p>']

    def heading(self, text: str, level: int = 2) -> None:
        """Begin a section, or with level 3 a part of it."""
        self._parts.append(f"<h{level}>{escape(text)}</h{level}>")

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{escape(text)}</p>")

    def code(self, text: str) -> None:
        """Add lines of text of a fixed width."""
        self._parts.append(f"<pre>{escape(text)}</pre>")

    def table(self, frame: pd.DataFrame) -> None:
        """Add a table of texts; the index is its first column."""
        names = [frame.index.name or "", *frame.columns]
        head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in names)
        rows = [
            f'<tr><th scope="row">{escape(in_short(label))}</th>'
            + "".join(f"<td>{escape(str(value))}</td>" for value in values)
            + "</tr>"
            for label, values in zip(frame.index, frame.to_numpy(), strict=True)
        ]
        self._parts.append(
            '<div class="wide" tabindex="0" role="region" aria-label="table">'
            f"<table><thead><tr>{head}</tr></thead>\n<tbody>"
            + "\n".join(rows)
            + "</tbody></table></div>"
        )

    def picture(self, draw: Callable[[float], "Figure"], words: str, caption: str = "") -> None:
        """Add what is drawn for a width in inches, with words for those who do not see it."""
        wide, narrow = (_as_source(draw, width) for width in WIDTHS)
        below = f"\n<figcaption>{escape(caption)}</figcaption>" if caption else ""
        self._parts.append(
            f'<figure><picture><source media="(max-width: 40rem)" srcset="{narrow}">'
            f'<img src="{wide}" alt="{escape(words)}"></picture>{below}</figure>'
        )

    def html(self) -> str:
        """Return the page."""
        return "\n".join([
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="icon" href="data:,">',
            f"<title>{escape(self._title)}</title>\n<style>{STYLE}</style>\n</head>",
            "<body>\n<main>", *self._parts, "</main>",
            f"<footer>{escape(self._footer)}</footer>\n</body>\n</html>\n",
        ])  # fmt: skip

    def save(self, path: str) -> None:
        """Write the page to a file."""
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(self.html())


def new_report(title: str, lead: str, arguments: argparse.Namespace, data: Data) -> Report:
    """Return a page that begins with what was read."""
    times = data.y.index.get_level_values(-1)
    file = "standard input" if arguments.file == "-" else os.path.basename(arguments.file)
    parts = [
        lead,
        f"Read from {file}: {len(data.y)} rows, from {named(times.min())} to "
        f"{named(times.max())}"
        + (f", of {len(data.parts(data.y))} series." if data.is_panel else "."),
    ]
    if data.known:
        parts.append(f"Known ahead: {', '.join(data.known)}.")
    if data.past:
        parts.append(f"Known so far: {', '.join(data.past)}.")
    return Report(title, " ".join(parts), f"reservoir {__version__}: {arguments.line}")


@contextmanager
def drawing() -> Iterator[None]:
    """Draw names as they are: without formulas between dollars, or warnings of absent letters."""
    import matplotlib

    settings: dict[Any, Any] = {
        "text.parse_math": False,
        "svg.hashsalt": "reservoir",
        "svg.fonttype": "path",
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        yield


def is_narrow(width: float) -> bool:
    """Whether a picture is as wide as a phone."""
    return width <= WIDTHS[1]


def stacked(
    draw: Callable[["Axes", Any], Any], keys: Sequence[Any], width: float = 8.0
) -> "Figure":
    """Return a figure of a picture for each series, the first ones if there are many."""
    shown = keys[:MOST_SHOWN]
    figure = new_figure((width, max(width / 2, 3.2) * len(shown)))
    for ax, key in zip(figure.subplots(len(shown), squeeze=False).ravel(), shown, strict=True):
        draw(ax, key)
        if key is not None:
            ax.set_ylabel(str(key))
        if is_narrow(width):
            ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    return figure


def _as_source(draw: Callable[[float], "Figure"], width: float) -> str:
    with drawing():
        from matplotlib.dates import AutoDateLocator

        figure, found = draw(width), io.BytesIO()
        for ax in figure.axes if is_narrow(width) else []:
            locator = ax.xaxis.get_major_locator()
            if isinstance(locator, AutoDateLocator):
                locator.minticks, locator.maxticks = 3, dict.fromkeys(locator.maxticks, 6)
        figure.savefig(found, format="svg", transparent=True, metadata={"Date": None})
    # names stand in comments, where not all of their characters are allowed
    svg = re.sub(rb"<!--.*?-->", b"", found.getvalue(), flags=re.DOTALL)
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
