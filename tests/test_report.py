"""The page about a forecast: what it says, and how a browser shows it."""

import html
import json
import re
import shutil
import subprocess
from base64 import b64decode
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from reservoir import _cli_trial, _report
from reservoir._cli_series import Data
from reservoir._report import Report
from reservoir.cli import main
from reservoir.forecasting import ReservoirForecaster, backtest, score

HOSTILE = '<script>alert("1")</script> & $x_{'
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed"
)
VOID = {"meta", "link", "img", "source"}

# opens a page as wide as it is told, and writes down what has become of it
WATCHER = """<!DOCTYPE html><meta charset="utf-8"><title>watcher</title>
<iframe id="page" src="{page}" style="width:{width}px;height:900px"></iframe>
<pre id="found"></pre>
<script>
page.onload = () => {{
  const inner = page.contentDocument, view = page.contentWindow, root = inner.documentElement;
  found.textContent = JSON.stringify({{
    widths: [...inner.images].map(image => image.naturalWidth),
    fetched: view.performance.getEntriesByType("resource").map(entry => entry.name),
    tooWide: root.scrollWidth - root.clientWidth,
    mode: inner.compatMode,
    scripts: inner.scripts.length,
    heading: inner.querySelector("h1").innerText,
  }});
}};
</script>"""


def table_of(path, names, n_ahead=3):
    """A monthly file whose column depends on a price that is known ahead."""
    rng = np.random.default_rng(0)
    frames = []
    for i, name in enumerate(names):
        t = np.arange(60)
        price = 5 + rng.normal(size=60)
        values = 20 * (i + 1) + 0.2 * t + 4 * np.sin(np.pi * t / 6) - price
        values[60 - n_ahead :] = np.nan
        month = pd.period_range("2019-01", periods=60, freq="M").astype(str)
        frames.append(pd.DataFrame({"month": month, HOSTILE: values, "price": price, "shop": name}))
    pd.concat(frames).to_csv(path, index=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pages of a forecast, of a panel's and of a backtest."""
    folder = tmp_path_factory.mktemp("pages")
    table_of(folder / "<b>one.csv", ["north"])
    table_of(folder / "many.csv", ["north", "<i>south</i>"])
    options = ["--column", HOSTILE, "--date", "month", "--windows", "2", "--horizon", "3"]
    one, many = str(folder / "<b>one.csv"), str(folder / "many.csv")
    pages = {
        "forecast": ["forecast", one, "--exogenous", "price", "--interval", "80,95"],
        "panel": ["forecast", many, "--series", "shop", "--past", "price", "--compare"],
        "backtest": ["backtest", one, "--interval", "90"],
    }
    for name, argv in pages.items():
        assert main([*argv, *options, "--report", str(folder / f"{name}.html")]) == 0
    return folder


PAGES = ("forecast", "panel", "backtest")


def read(folder, name):
    return (folder / f"{name}.html").read_text(encoding="utf-8")


def pictures_of(page):
    return [b64decode(part) for part in re.findall(r'"data:image/svg\+xml;base64,([^"]*)"', page)]


class Outline(HTMLParser):
    """Reads a page strictly: each element is closed, in the order in which they were opened."""

    def __init__(self, page):
        super().__init__()
        self.open, self.found, self.words = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_and_asks_for_nothing(folder, name):
    page = read(folder, name)
    outline = Outline(page)
    assert page.startswith("<!DOCTYPE html>\n")
    assert outline.all("html") == [{"lang": "en"}]
    assert {"charset": "utf-8"} in outline.all("meta")
    assert len(outline.all("title")) == len(outline.all("h1")) == 1
    assert not {"script", "iframe", "object", "form", "base"} & {tag for tag, _ in outline.found}
    sources = [attrs.get(key) for _, attrs in outline.found for key in ("src", "href", "srcset")]
    assert all(source.startswith("data:") for source in sources if source is not None)
    assert "http:" not in page.replace("http-equiv", "")
    assert "https:" not in page
    assert "@import" not in page
    assert "url(" not in page
    assert not [key for _, attrs in outline.found for key in attrs if key.startswith("on")]


@pytest.mark.parametrize("name", PAGES)
def test_pictures_are_whole_and_have_words(folder, name):
    page = read(folder, name)
    images = Outline(page).all("img")
    assert len(images) == {"forecast": 3, "panel": 4, "backtest": 2}[name]
    assert all(len(image["alt"]) > 20 for image in images)
    pictures = pictures_of(page)
    assert len(pictures) == 2 * len(images)  # wide and narrow
    for picture in pictures:
        root = ElementTree.fromstring(picture)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 20
    wide, narrow = ([float(re.search(rb'width="([\d.]+)pt"', each)[1]) for each in pictures[i::2]]
                    for i in (1, 0))  # fmt: skip
    assert min(wide) > 1.5 * max(narrow)


@pytest.mark.parametrize("name", PAGES)
def test_names_are_shown_as_they_are(folder, name):
    page = read(folder, name)
    assert "<script" not in page
    assert html.escape(HOSTILE) in page
    words = Outline(page).words
    assert any(HOSTILE in text for text in words)
    if name == "panel":
        assert "<i>" not in page
        assert "<i>south</i>" in words
    else:
        assert "<b>" not in page
        assert any("<b>one.csv: 57 rows, from 2019-01 to 2023-09" in text for text in words)


def test_forecast_is_in_the_page(folder, tmp_path):
    output = tmp_path / "out.csv"
    argv = ["forecast", str(folder / "<b>one.csv"), "--column", HOSTILE, "--date", "month"]
    options = ["--exogenous", "price", "--interval", "80,95", "--windows", "0", "--horizon", "3"]
    assert main([*argv, *options, "--output", str(output)]) == 0
    words = set(Outline(read(folder, "forecast")).words)
    table = pd.read_csv(output)
    assert set(table["month"]) <= words
    assert {f"{value:.4f}" for value in table.iloc[:, 1:].to_numpy().ravel()} <= words
    assert {"lower_80", "upper_95", "Forecast", "What is left over", "What was chosen"} <= words
    text = "\n".join(words)
    assert "Known ahead: price." in text
    assert "12 ESNRegressor, recursive" in text
    assert "--interval 80,95" in text
    assert "The reservoir's error is" in text


def test_comparison_is_in_the_page(folder):
    words = Outline(read(folder, "panel")).words
    assert {"rank", "seconds", "drift", "seasonal naive"} <= set(words)
    assert any("Known so far: price." in text for text in words)


def test_backtest_is_in_the_page(folder):
    page = read(folder, "backtest")
    frame = pd.read_csv(folder / "<b>one.csv").iloc[:57]
    y = pd.Series(frame[HOSTILE].to_numpy(), pd.PeriodIndex(frame["month"], freq="M"), name="y")
    windows = backtest(ReservoirForecaster(), y, horizon=3, n_windows=2)
    errors = score(windows, by="step")["RMSE"]
    words = Outline(page).words
    assert {f"{error:.4g}" for error in errors} <= set(words)
    assert "Errors by steps ahead" in words


def test_the_same_forecast_makes_the_same_page(folder, tmp_path):
    again = tmp_path / "again.html"
    argv = ["backtest", str(folder / "<b>one.csv"), "--interval", "90", "--column", HOSTILE]
    options = ["--date", "month", "--windows", "2", "--horizon", "3", "--report", str(again)]
    assert main([*argv, *options]) == 0
    pages = [re.sub("<footer>.*?</footer>", "", each, flags=re.DOTALL)
             for each in (read(folder, "backtest"), again.read_text(encoding="utf-8"))]  # fmt: skip
    assert pages[0] == pages[1]


def test_report_without_a_backtest_says_so(folder, tmp_path):
    frame = pd.DataFrame({"y": np.arange(12.0) % 5})
    frame.to_csv(tmp_path / "short.csv", index=False)
    page = tmp_path / "page.html"
    argv = ["forecast", str(tmp_path / "short.csv"), "--column", "y", "--horizon", "2"]
    assert main([*argv, "--report", str(page)]) == 0
    outline = Outline(page.read_text(encoding="utf-8"))
    assert len(outline.all("img")) == 1
    assert any(text.startswith("No backtest: ") for text in outline.words)
    assert main([*argv, "--windows", "0", "--report", str(page)]) == 0
    assert not any(text.startswith("No backtest: ") for text in Outline(page.read_text()).words)


def test_report_without_matplotlib(folder, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    argv = ["forecast", str(folder / "many.csv"), "--column", "price", "--horizon", "2"]
    assert main([*argv, "--report", "out.html"]) == 2
    assert 'pip install "reservoir-toolkit[plot]"' in capsys.readouterr().err


def test_letters_that_a_font_lacks_are_no_warning(tmp_path):
    report = Report("売上", "売上の予測", "")

    def draw(width):
        figure = _report.new_figure((width, 3))
        figure.subplots().plot([1, 2], label="売上 \x0b -- $")
        figure.axes[0].legend()
        return figure

    report.picture(draw, "売上")
    report.save(str(tmp_path / "page.html"))
    page = read(tmp_path, "page")
    assert "<title>売上</title>" in page
    for picture in pictures_of(page):
        ElementTree.fromstring(picture)


class TestResiduals:
    Y = pd.Series(np.sin(np.arange(60.0)) + np.arange(60) / 20, pd.RangeIndex(1, 61, name="row"),
                  name="y")  # fmt: skip

    def test_are_one_step_ahead_of_the_last_third(self):
        data = Data("y", self.Y, None, [], [], {})
        (errors,) = _cli_trial.residuals(ReservoirForecaster(), data).values()
        forecaster = ReservoirForecaster().fit(self.Y[:40])
        for time in range(41, 61):
            assert errors[time] == pytest.approx(self.Y[time] - forecaster.predict(1).iloc[0])
            forecaster.update(self.Y.loc[[time]])
        assert len(errors) == 20

    def test_of_a_series_that_turns_negative(self):
        y = self.Y + 2
        y[55:] -= 9
        data = Data("y", y, None, [], [], {})
        assert len(_cli_trial.residuals(ReservoirForecaster(), data)[None]) == 20

    def test_of_a_constant_are_none(self):
        data = Data("y", self.Y * 0 + 3, None, [], [], {})
        assert _cli_trial.residuals(ReservoirForecaster(), data) == {}


def browse(address, folder, *options):
    """Open a page without a window, where no request reaches anything."""
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--hide-scrollbars", "--allow-file-access-from-files", "--enable-logging=stderr",
        "--proxy-server=http://127.0.0.1:9", f"--user-data-dir={folder / 'profile'}", *options,
        address,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done


def watch(page, folder, width):
    """Return what a watching page found, and what the browser had to say of it."""
    watcher = folder / "watcher.html"
    watcher.write_text(WATCHER.format(page=page.as_uri(), width=width), encoding="utf-8")
    done = browse(watcher.as_uri(), folder, "--dump-dom", "--virtual-time-budget=10000")
    found = re.search('<pre id="found">(.*?)</pre>', done.stdout, flags=re.DOTALL)[1]
    complaints = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return json.loads(html.unescape(found)), complaints


@needs_browser
class TestBrowser:
    @pytest.mark.parametrize(("name", "width"), [("forecast", 1000), ("panel", 360)])
    def test_page_is_shown_without_a_complaint_or_a_request(self, folder, tmp_path, name, width):
        found, complaints = watch(folder / f"{name}.html", tmp_path, width)
        assert complaints == []
        assert found["fetched"] == []
        assert len(found["widths"]) == {"forecast": 3, "panel": 4}[name]
        assert (min(found["widths"]) > 450) == (width > 640)  # narrow pictures on narrow screens
        assert min(found["widths"]) > 300
        assert found["tooWide"] == 0
        assert found["mode"] == "CSS1Compat"
        assert found["scripts"] == 0
        assert found["heading"].startswith(HOSTILE)

    def test_what_is_wrong_would_be_noticed(self, folder, tmp_path):
        wrong = tmp_path / "wrong.html"
        page = re.sub("<meta http-equiv.*?>", "", read(folder, "backtest"), count=1)
        page = re.sub('<img src="[^"]*"', '<img src="http://example.org/a.png"', page, count=1)
        page = page.replace("</main>", '<p style="width:2000px">wide</p><script>none()</script>')
        wrong.write_text(page, encoding="utf-8")
        found, complaints = watch(wrong, tmp_path, 1000)
        assert found["fetched"] == ["http://example.org/a.png"]
        assert found["widths"][0] == 0
        assert found["tooWide"] > 0
        assert found["scripts"] == 1
        assert any("none is not defined" in line for line in complaints)

    def test_nothing_runs_even_if_a_name_were_not_escaped(self, folder, tmp_path):
        page = read(folder, "backtest").replace("</main>", "<script>document.title = 1</script>")
        page = page.replace("</script>", '</script><img src="http://example.org/a.png">')
        (tmp_path / "page.html").write_text(page, encoding="utf-8")
        found, complaints = watch(tmp_path / "page.html", tmp_path, 1000)
        assert found["widths"][-1] == 0
        assert sum("Content Security Policy" in line for line in complaints) >= 2
        done = browse((tmp_path / "page.html").as_uri(), tmp_path, "--dump-dom")
        assert "<title>1</title>" not in done.stdout

    def test_looks_right_by_day_and_by_night(self, folder, tmp_path):
        page = (folder / "forecast.html").as_uri()
        looks = {}
        for name, options in {"day": [], "night": ["--force-dark-mode"]}.items():
            picture = tmp_path / f"{name}.png"
            browse(page, tmp_path, f"--screenshot={picture}", "--window-size=800,1000", *options)
            looks[name] = imread(picture)[..., :3]
            assert looks[name].shape == (1000, 800, 3)
        day, night = looks["day"], looks["night"]
        assert day[0, 0].min() > 0.95
        assert night[0, 0].max() < 0.15
        for look in looks.values():
            red = (look[..., 0] > look[..., 1] + 0.25) & (look[..., 0] > look[..., 2] + 0.25)
            blue = (look[..., 2] > look[..., 0] + 0.2) & (look[..., 2] > look[..., 1])
            assert red.sum() > 200  # the forecast
            assert blue.sum() > 200  # the series
        # text and axes contrast with the ground
        assert (day.max(axis=2) < 0.3).sum() > 2000
        assert (night.min(axis=2) > 0.7).sum() > 2000

    def test_is_printed_on_a_few_sheets(self, folder, tmp_path):
        paper = tmp_path / "page.pdf"
        page = (folder / "forecast.html").as_uri()
        browse(page, tmp_path, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
        n_sheets = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
        assert 2 <= n_sheets <= 4
