"""Real series that are shipped with the package; data/README.md says where each comes from."""

from importlib.resources import files

import pandas as pd


def load_sunspots() -> pd.Series:
    """Yearly mean sunspot number, 1700 to 2008.

    The series as it was before the revision of 2015, which rescaled it.

    Returns
    -------
    Series of shape (309,)
        Named ``sunspots``, without unit, on a yearly PeriodIndex.

    References
    ----------
    National Geophysical Data Center (NOAA); public domain.

    Examples
    --------
    >>> from reservoir.datasets import load_sunspots
    >>> load_sunspots().tail(2)
    year
    2007    7.5
    2008    2.9
    Freq: Y-DEC, Name: sunspots, dtype: float64
    """
    return _read_periods("sunspots.csv", "year", "Y")["sunspots"]


def load_co2() -> pd.Series:
    """Weekly CO₂ in the air at Mauna Loa, March 1958 to December 2001, with its gaps.

    59 of the weeks were not measured and are NaN; ``load_co2().interpolate()`` fills them.

    Returns
    -------
    Series of shape (2284,)
        Named ``co2``, parts per million by volume, on a DatetimeIndex of the Saturdays that name
        the weeks (``freq="W-SAT"``).

    References
    ----------
    C. D. Keeling and T. P. Whorf, "Atmospheric CO2 concentrations derived from flask air samples
    at sites in the SIO network", Carbon Dioxide Information Analysis Center, 2004; public domain.

    Examples
    --------
    >>> from reservoir.datasets import load_co2
    >>> co2 = load_co2()
    >>> co2.isna().sum(), co2.index.freqstr
    (np.int64(59), 'W-SAT')
    """
    series = _read("co2.csv", "week")["co2"]
    series.index = pd.DatetimeIndex(series.index, freq="W-SAT", name="week")
    return series


def load_nile() -> pd.Series:
    """Yearly flow of the Nile at Aswan, 1871 to 1970.

    Returns
    -------
    Series of shape (100,)
        Named ``volume``, in 10⁸ m³, on a yearly PeriodIndex.

    References
    ----------
    G. W. Cobb, "The problem of the Nile: conditional solution to a changepoint problem",
    Biometrika 65(2), 1978; public domain.

    Examples
    --------
    >>> from reservoir.datasets import load_nile
    >>> load_nile().head(2)
    year
    1871    1120.0
    1872    1160.0
    Freq: Y-DEC, Name: volume, dtype: float64
    """
    return _read_periods("nile.csv", "year", "Y")["volume"]


def load_elnino() -> pd.Series:
    """Monthly temperature of the sea surface off Peru (Niño 1+2), 1950 to 2010.

    Returns
    -------
    Series of shape (732,)
        Named ``temperature``, in °C, mean over 0–10° S, 90–80° W, on a monthly PeriodIndex.

    References
    ----------
    ERSST.v3b, Climate Prediction Center, National Weather Service (NOAA); public domain.

    Examples
    --------
    >>> from reservoir.datasets import load_elnino
    >>> load_elnino().head(2)
    month
    1950-01    23.11
    1950-02    24.20
    Freq: M, Name: temperature, dtype: float64
    """
    return _read_periods("elnino.csv", "month", "M")["temperature"]


def load_macrodata() -> pd.DataFrame:
    """Twelve quarterly series on the economy of the United States, 1959Q1 to 2009Q3.

    Returns
    -------
    DataFrame of shape (203, 12)
        On a quarterly PeriodIndex. ``realgdp``, ``realcons``, ``realinv``, ``realgovt``,
        ``realdpi``: product, consumption, investment, federal spending and disposable income, in
        thousands of millions of chained 2005 US dollars at a yearly rate. ``cpi``: consumer
        prices, 1982–84 = 100. ``m1``: money stock in thousands of millions of dollars.
        ``tbilrate``, ``unemp``: treasury bill rate and unemployment in %. ``pop``: population in
        millions. ``infl``: inflation 400 ln(cpi(t) / cpi(t−1)) in % a year, and ``realint`` =
        ``tbilrate`` − ``infl``; both are 0 in the first quarter, which has no predecessor.

    References
    ----------
    Federal Reserve Bank of St. Louis (FRED) and Bureau of Labor Statistics, read on 2009-12-15;
    public domain.

    Examples
    --------
    >>> from reservoir.datasets import load_macrodata
    >>> load_macrodata()[["realgdp", "unemp"]].tail(2)
                realgdp  unemp
    quarter
    2009Q2    12901.504    9.2
    2009Q3    12990.341    9.6
    """
    return _read_periods("macrodata.csv", "quarter", "Q")


def _read_periods(file_name: str, index: str, freq: str) -> pd.DataFrame:
    frame = _read(file_name, index)
    frame.index = pd.PeriodIndex(frame.index, freq=freq, name=index)
    return frame


def _read(file_name: str, index: str) -> pd.DataFrame:
    folder = files(__name__.rpartition(".")[0]) / "data"
    with (folder / file_name).open(encoding="utf-8") as file:
        return pd.read_csv(file, index_col=index, dtype={index: str}).astype(float)
