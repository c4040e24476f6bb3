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


def load_sunspots_monthly() -> pd.Series:
    """Monthly mean sunspot number, 1749 to 1983.

    As printed in 1985. Its yearly means differ from `load_sunspots` by 0.5 at most, but for 1840
    and 1947, where single months differ from later states of the series.

    Returns
    -------
    Series of shape (2820,)
        Named ``sunspots``, without unit, on a monthly PeriodIndex.

    References
    ----------
    D. F. Andrews and A. M. Herzberg, "Data: a collection of problems from many fields for the
    student and research worker", Springer, 1985.

    Examples
    --------
    >>> from reservoir.datasets import load_sunspots_monthly
    >>> load_sunspots_monthly().tail(2)
    month
    1983-11    33.3
    1983-12    33.4
    Freq: M, Name: sunspots, dtype: float64
    """
    return _read_periods("sunspots_monthly.csv", "month", "M")["sunspots"]


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
    return _read_times("co2.csv", "week", "W-SAT")["co2"]


def load_co2_monthly() -> pd.Series:
    """Monthly CO₂ in the air at Mauna Loa, March 1958 to December 2001, with its gaps.

    The mean of the weeks of `load_co2` that were measured and whose Saturday lies in the month.
    Five months without any, three of them in a row in 1964, are NaN.

    Returns
    -------
    Series of shape (526,)
        Named ``co2``, parts per million by volume, on a monthly PeriodIndex.

    References
    ----------
    As for `load_co2`; public domain.

    Examples
    --------
    >>> from reservoir.datasets import load_co2_monthly
    >>> co2 = load_co2_monthly()
    >>> co2.index[co2.isna()].strftime("%Y-%m").tolist()
    ['1958-06', '1958-10', '1964-02', '1964-03', '1964-04']
    """
    weekly = load_co2()
    months = pd.DatetimeIndex(weekly.index).to_period("M").rename("month")
    return weekly.groupby(months).mean()


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


def load_airline() -> pd.Series:
    """Passengers of international airlines in each month, 1949 to 1960.

    The season grows with the level.

    Returns
    -------
    Series of shape (144,)
        Named ``passengers``, in thousands, on a monthly PeriodIndex.

    References
    ----------
    G. E. P. Box, G. M. Jenkins and G. C. Reinsel, "Time series analysis, forecasting and control",
    third edition, Series G, 1976.

    Examples
    --------
    >>> from reservoir.datasets import load_airline
    >>> load_airline().head(2)
    month
    1949-01    112.0
    1949-02    118.0
    Freq: M, Name: passengers, dtype: float64
    """
    return _read_periods("airline.csv", "month", "M")["passengers"]


def load_lynx() -> pd.Series:
    """Canadian lynx trapped in each year, 1821 to 1934.

    A cycle of about ten years whose peaks differ.

    Returns
    -------
    Series of shape (114,)
        Named ``lynx``, number of animals, on a yearly PeriodIndex.

    References
    ----------
    P. J. Brockwell and R. A. Davis, "Time series: theory and methods", second edition, Series G,
    Springer, 1991; M. J. Campbell and A. M. Walker, Journal of the Royal Statistical Society A
    140, 1977.

    Examples
    --------
    >>> from reservoir.datasets import load_lynx
    >>> load_lynx().head(2)
    year
    1821    269.0
    1822    321.0
    Freq: Y-DEC, Name: lynx, dtype: float64
    """
    return _read_periods("lynx.csv", "year", "Y")["lynx"]


def load_beer() -> pd.Series:
    """Beer brewed in Australia in each quarter, 1956Q1 to 2010Q2.

    A rise until the middle of the 1970s, a slow fall from the 1980s on.

    Returns
    -------
    Series of shape (218,)
        Named ``beer``, in millions of litres, on a quarterly PeriodIndex.

    References
    ----------
    Australian Bureau of Statistics, catalogue 8301.0.55.001.

    Examples
    --------
    >>> from reservoir.datasets import load_beer
    >>> load_beer().tail(2)
    quarter
    2010Q1    414.0
    2010Q2    374.0
    Freq: Q-DEC, Name: beer, dtype: float64
    """
    return _read_periods("beer.csv", "quarter", "Q")["beer"]


def load_monthly_panel() -> pd.Series:
    """Five monthly series of different length, unit and character, one below the other.

    ======================  ======================  ==============================================
    name                    months                  quantity
    ======================  ======================  ==============================================
    ``accidental_deaths``   1973-01 – 1978-12, 72   deaths by accident in the United States
    ``electricity``         1973-01 – 2013-06, 486  net generation in the United States, 10⁹ kWh
    ``gas``                 1956-01 – 1995-08, 476  gas produced in Australia, 10¹² J
    ``road_casualties``     1969-01 – 1984-12, 192  car drivers killed or seriously injured in
                                                    Great Britain; seat belts were made compulsory
                                                    on 31 January 1983
    ``temperature``         1920-01 – 1939-12, 240  mean of the air at Nottingham Castle, °F
    ======================  ======================  ==============================================

    Returns
    -------
    Series of shape (1466,)
        Named ``value``, on a MultiIndex of ``series`` and ``month``; what one name selects is a
        series on a monthly PeriodIndex without gaps.

    References
    ----------
    P. J. Brockwell and R. A. Davis, "Time series: theory and methods", Springer, 1991; U.S. Energy
    Information Administration (public domain); Australian Bureau of Statistics; A. C. Harvey,
    "Forecasting, structural time series models and the Kalman filter", Cambridge, 1989;
    O. D. Anderson, "Time series analysis and forecasting", Butterworths, 1976.

    Examples
    --------
    >>> from reservoir.datasets import load_monthly_panel
    >>> panel = load_monthly_panel()
    >>> {name: len(panel[name]) for name in panel.index.unique("series")}
    {'accidental_deaths': 72, 'electricity': 486, 'gas': 476, 'road_casualties': 192,
     'temperature': 240}
    >>> panel["gas"].tail(1)
    month
    1995-08    60054.0
    Freq: M, Name: value, dtype: float64
    """
    frame = _read_periods("monthly_panel.csv", "month", "M")
    return frame.unstack().dropna().rename_axis(["series", "month"]).rename("value")


def load_electricity_demand() -> pd.Series:
    """Electricity demand of England and Wales in each half-hour of twelve weeks of 2000.

    A season of a day within one of a week, 5 June to 27 August.

    Returns
    -------
    Series of shape (4032,)
        Named ``demand``, in megawatts, on a DatetimeIndex (``freq="30min"``) in local summer time,
        where 00:00 names the first half-hour of a day.

    References
    ----------
    J. W. Taylor, "Short-term electricity demand forecasting using double seasonal exponential
    smoothing", Journal of the Operational Research Society 54, 2003.

    Examples
    --------
    >>> from reservoir.datasets import load_electricity_demand
    >>> load_electricity_demand().head(2)
    time
    2000-06-05 00:00:00    22262.0
    2000-06-05 00:30:00    21756.0
    Freq: 30min, Name: demand, dtype: float64
    """
    return _read_times("electricity_demand.csv", "time", "30min")["demand"]


def load_traffic() -> pd.Series:
    """Vehicles on a motorway at Minneapolis in each hour, October 2017 to September 2018.

    Interstate 94, westbound, between Minneapolis and Saint Paul. 27 of the hours were not recorded
    and are NaN; ``load_traffic().interpolate()`` fills them.

    Returns
    -------
    Series of shape (8760,)
        Named ``volume``, number of vehicles, on a DatetimeIndex (``freq="h"``) in local time.

    References
    ----------
    J. Hogue, "Metro Interstate Traffic Volume", UCI Machine Learning Repository, 2019,
    https://doi.org/10.24432/C5X60B; CC BY 4.0.

    Examples
    --------
    >>> from reservoir.datasets import load_traffic
    >>> load_traffic().head(2)
    time
    2017-10-01 00:00:00    1447.0
    2017-10-01 01:00:00     894.0
    Freq: h, Name: volume, dtype: float64
    """
    return _read_times("traffic.csv", "time", "h")["volume"]


def _read_periods(file_name: str, index: str, freq: str) -> pd.DataFrame:
    frame = _read(file_name, index)
    frame.index = pd.PeriodIndex(frame.index, freq=freq, name=index)
    return frame


def _read_times(file_name: str, index: str, freq: str) -> pd.DataFrame:
    frame = _read(file_name, index)
    frame.index = pd.DatetimeIndex(frame.index, freq=freq, name=index)
    return frame


def _read(file_name: str, index: str) -> pd.DataFrame:
    folder = files(__name__.rpartition(".")[0]) / "data"
    with (folder / file_name).open(encoding="utf-8") as file:
        return pd.read_csv(file, index_col=index, dtype={index: str}).astype(float)
