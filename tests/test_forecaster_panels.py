"""Many series at once: each as if alone or all by one model, and nothing leaks between them."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.utils import check_random_state

from reservoir import EnsembleRegressor, ESNRegressor, ReservoirForecaster

H = 4
ESN = ESNRegressor(n_units=15, alpha=1e-3, warmup=3)
ESTIMATORS = {"ridge": Ridge(), "esn": ESN}


def wave(n_rows, seed, start="2024-01-01", freq="D"):
    rng = np.random.default_rng(seed)
    index = pd.date_range(start, periods=n_rows, freq=freq)
    values = np.sin(2 * np.pi * np.arange(n_rows) / (9 + seed)) + 0.05 * rng.normal(size=n_rows)
    return pd.Series(values + seed, index, name="w")


def shops():
    """Three series of different lengths that begin and end at different times."""
    return {"b": wave(60, 0), "a": wave(45, 1, "2024-01-20"), "c": wave(80, 2, "2023-12-24")}


def panel(parts, names=("shop", "day")):
    return pd.concat(parts, names=list(names))


def long(data):
    data = data.rename("y") if isinstance(data, pd.Series) else data
    return data.rename_axis(["unique_id", "ds"]).reset_index()


def columns(parts, n_more=0, names=("x", "z")):
    """Exogenous columns of each series, with more rows than it has."""
    frames = {}
    for seed, (key, y) in enumerate(parts.items()):
        index = pd.date_range(y.index[0], periods=len(y) + n_more, freq=y.index.freq)
        rng = np.random.default_rng(seed)
        frames[key] = pd.DataFrame(rng.normal(size=(len(index), len(names))), index, list(names))
    return frames


def plain(estimator=None, **parameters):
    as_it_is = {"n_estimators": 1, "transform": None, "difference": 0, "seasonal_difference": 0,
                "fourier": 0, "calendar": ()}  # fmt: skip
    estimator = Ridge() if estimator is None else estimator
    return ReservoirForecaster(estimator, **as_it_is | parameters)


# --- each as if alone -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("strategy", ["recursive", "direct", "multioutput"])
@pytest.mark.parametrize("missing", ["raise", "run_on"])
def test_each_series_is_forecast_as_if_alone(name, strategy, missing):
    parts = shops()
    if missing == "run_on":
        parts["a"] = parts["a"].drop(parts["a"].index[[10, 30]])
        parts["c"].iloc[[20, 21, -1]] = np.nan
    forecaster = plain(ESTIMATORS[name], strategy=strategy, horizon=H, difference=1,
                       lags=3 if name == "ridge" else None, missing=missing)  # fmt: skip
    X = columns(shops(), H)
    together = deepcopy(forecaster).fit(panel(parts), panel(X))
    forecast, interval = together.predict(H, panel(X)), together.predict_interval(H, panel(X))
    assert forecast.index.names == interval.index.names == ["shop", "day"]
    assert forecast.name == "w"
    for key, y in parts.items():
        alone = deepcopy(forecaster).fit(y, X[key])
        assert_array_equal(forecast.loc[key], alone.predict(H, X[key]))
        assert_array_equal(interval.loc[key], alone.predict_interval(H, X[key]))
        assert forecast.loc[key].index.equals(alone.predict(H, X[key]).index)


def test_default_forecaster_of_a_panel():
    parts = {key: np.exp(y) for key, y in shops().items()}
    forecaster = ReservoirForecaster(n_estimators=4)
    forecast = deepcopy(forecaster).fit(panel(parts)).predict(3)
    for key, y in parts.items():
        assert_array_equal(forecast.loc[key], deepcopy(forecaster).fit(y).predict(3))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("form", ["panel", "long"])
def test_order_of_rows_does_not_matter(form, shared):
    y, X = panel(shops()), panel(columns(shops(), H))
    if form == "long":
        y = long(y.to_frame("y").join(X))
        X = long(X)
    expected = plain(ESN, shared=shared).fit(*[y, X][: 1 + (form == "panel")]).predict(H, X)
    for seed in range(2):
        mixed = [data.sample(frac=1, random_state=seed) for data in (y, X)]
        forecaster = plain(ESN, shared=shared).fit(*mixed[: 1 + (form == "panel")])
        assert forecaster.predict(H, mixed[1]).equals(expected)


def test_long_tables_are_panels():
    parts = shops()
    X = columns(parts, H)
    y = panel(parts)
    forecaster = plain(ESN).fit(y, panel(X))
    table = long(y.to_frame("y").join(panel(X)))
    kept = table.copy()
    from_table = plain(ESN).fit(table)
    forecast = from_table.predict(H, long(panel(X)))
    expected = forecaster.predict(H, panel(X))
    assert list(forecast.columns) == ["unique_id", "ds", "forecast"]
    assert_array_equal(forecast["forecast"], expected)
    assert_array_equal(forecast["unique_id"], expected.index.get_level_values(0))
    assert_array_equal(forecast["ds"], expected.index.get_level_values(1))
    assert forecast["ds"].dtype == table["ds"].dtype
    interval = from_table.predict_interval(H, long(panel(X)), coverage=[0.5, 0.9])
    assert list(interval.columns) == ["unique_id", "ds", "y_0.5_lower", "y_0.5_upper",
                                      "y_0.9_lower", "y_0.9_upper"]  # fmt: skip
    expected = forecaster.predict_interval(H, panel(X), coverage=[0.5, 0.9])
    assert_array_equal(interval.iloc[:, 2:], expected)
    assert table.equals(kept)
    later = long(panel({"a": wave(50, 1, "2024-01-20")[45:]}))
    with pytest.raises(ValueError, match=r"Series 'a': X must hold the columns \['x', 'z'\]"):
        from_table.update(later)
    from_table.update(later.assign(x=0.0, z=0.0))
    assert len(from_table._tracks["a"]) == 50


@pytest.mark.parametrize("ids", [["a", "b", "c"], [3, 1, 2], [1.5, "b", 2]])
@pytest.mark.parametrize("kind", ["dates", "periods", "numbers"])
def test_ids_and_times_come_back(ids, kind):
    parts = {}
    for key, y in zip(ids, shops().values(), strict=True):
        index = {"dates": y.index, "periods": y.index.to_period("D"), "numbers": range(len(y))}
        parts[key] = y.set_axis(pd.Index(index[kind]))
    y = pd.concat(parts, names=["id", "t"])
    for data, find in ((y, lambda f: f), (long(y), lambda f: f.set_index(["unique_id", "ds"]))):
        forecast = find(plain().fit(data).predict(2))
        assert set(forecast.index.get_level_values(0)) == set(ids)
        for key, part in parts.items():
            times = forecast.loc[[key]].index.get_level_values(1)
            assert times.dtype == part.index.dtype
            assert times[0] == plain().fit(part).predict(1).index[0]


def test_ids_that_are_categories():
    y = long(panel(shops()))
    kind = pd.CategoricalDtype(["c", "b", "a", "never"])
    forecast = plain().fit(y.assign(unique_id=y["unique_id"].astype(kind))).predict(2)
    expected = plain().fit(y).predict(2)
    assert set(forecast["unique_id"]) == {"a", "b", "c"}
    both = forecast.merge(expected, on=["unique_id", "ds"], suffixes=("", "_expected"))
    assert_array_equal(both["forecast"], both["forecast_expected"])


def test_several_levels_name_a_series():
    y = pd.concat({"north": panel(shops()), "south": 2 * panel(shops())}, names=["region"])
    forecast = plain().fit(y).predict(H)
    assert forecast.index.names == ["region", "shop", "day"]
    assert_array_equal(forecast["north"], plain().fit(panel(shops())).predict(H))
    forecaster = plain().fit(y)
    forecaster.update(2 * pd.concat({("south", "a"): wave(46, 1, "2024-01-20")[45:]}))
    assert len(forecaster._tracks["south", "a"]) == 46
    assert list(forecaster.estimators_) == list(forecaster._tracks)


def test_panels_of_several_columns():
    y = panel({key: pd.DataFrame({"u": part, "v": -part}) for key, part in shops().items()})
    forecast = plain(ESN).fit(y).predict(H)
    assert list(forecast.columns) == ["u", "v"]
    interval = plain(ESN).fit(y).predict_interval(H)
    assert interval.columns.names == ["variable", "coverage", "bound"]
    assert list(interval.columns) == [(v, 0.9, b) for v in "uv" for b in ("lower", "upper")]
    one = plain(ESN).fit(y.loc["b"]).predict(H)
    assert_array_equal(forecast.loc["b"], one)


def test_horizons_that_are_times_are_the_same_for_all():
    forecaster = plain().fit(panel(shops()))
    times = pd.date_range("2024-03-15", periods=2)
    forecast = forecaster.predict(times)
    for key in shops():
        assert_array_equal(forecast.loc[key].index, times)
        steps = (times - shops()[key].index[-1]).days
        assert_array_equal(forecast.loc[key], plain().fit(shops()[key]).predict(list(steps)))
    with pytest.raises(ValueError, match=r"Series 'a': fh must hold times that follow 2024-03-04"):
        forecaster.predict(pd.date_range("2024-03-03", periods=2))


def test_values_that_were_filled_are_counted_over_all():
    y = panel(shops())
    holes = y.copy()
    holes.iloc[[3, 50, 51, 120]] = np.nan
    assert plain(missing="interpolate").fit(holes).n_filled_ == 4
    assert plain(missing="run_on").fit(holes.dropna()).n_filled_ == 4


def test_series_of_other_frequencies_have_their_own_seasons():
    parts = {"days": wave(80, 0), "months": wave(60, 1, freq="MS")}
    forecaster = plain(seasonal_difference=1, fourier=2)
    together = deepcopy(forecaster).fit(panel(parts))
    for key, y in parts.items():
        alone = deepcopy(forecaster).fit(y).predict(H)
        assert_array_equal(together.predict(H).loc[key], alone)
    lines = together.summary().splitlines()
    assert lines[0].endswith("a season of 7")
    assert lines[1].endswith("a season of 12")


# --- one model of all -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_shared_model_of_one_series_is_its_own(name, strategy):
    y = wave(60, 0)
    forecaster = plain(ESTIMATORS[name], strategy=strategy, horizon=H, difference=1)
    expected = deepcopy(forecaster).fit(y)
    shared = deepcopy(forecaster).set_params(shared=True).fit(panel({"only": y}))
    assert_array_equal(shared.predict(H), expected.predict(H))
    assert_array_equal(shared.predict_interval(H), expected.predict_interval(H))


def test_shared_model_by_hand():
    parts = {key: y.to_numpy() for key, y in shops().items()}
    scaled = {key: (v - v.mean()) / v.std() for key, v in sorted(parts.items())}
    rows = np.vstack([np.column_stack([v[1:-1], v[:-2]]) for v in scaled.values()])
    targets = np.concatenate([v[2:] for v in scaled.values()])
    model = LinearRegression().fit(rows, targets)
    forecast = plain(LinearRegression(), lags=2, shared=True).fit(panel(shops())).predict(H)
    for key, values in scaled.items():
        path = list(values)
        for _ in range(H):
            path.append(model.predict([[path[-1], path[-2]]])[0])
        expected = np.array(path[-H:]) * parts[key].std() + parts[key].mean()
        assert_allclose(forecast.loc[key], expected, atol=1e-9)


@pytest.mark.parametrize("carry", ["reset", "carry"])
@pytest.mark.parametrize("ensemble", [False, True])
def test_shared_network_runs_over_each_series_from_rest(carry, ensemble):
    parts = shops()
    network = ESNRegressor(n_units=15, alpha=1e-3, warmup=3, predict_state=carry)
    network = EnsembleRegressor(network, 2) if ensemble else network
    shared = plain(network, shared=True, scale=False).fit(panel(parts))
    fitted = {id(members[0].learner) for members in shared._members.values()}
    assert len(fitted) == 1
    forecast = shared.predict(H)
    rows = {key: parts[key].to_numpy()[:, None] for key in sorted(parts)}
    lengths = [len(v) - 1 for v in rows.values()]
    plainly = ESNRegressor(n_units=15, alpha=1e-3, warmup=3)
    plainly = EnsembleRegressor(plainly, 2) if ensemble else plainly
    plainly.set_params(random_state=shared.estimators_["a"][0].random_state).fit(
        np.vstack([v[:-1] for v in rows.values()]),
        np.concatenate([v[1:, 0] for v in rows.values()]),
        groups=np.repeat(list(rows), lengths),
    )
    for key, values in rows.items():
        expected = plainly.generate(H, context=values)
        assert_allclose(forecast.loc[key], expected, atol=1e-9)


def test_no_state_leaks_between_series():
    """What stands in one series changes no forecast of another, nor the order of questions."""
    parts = shops()
    changed = {**parts, "b": 100 - parts["b"]}
    first, second = plain(ESN).fit(panel(parts)), plain(ESN).fit(panel(changed))
    for key in "ac":
        assert_array_equal(first.predict(H).loc[key], second.predict(H).loc[key])
    kept = pickle.dumps(first._members)
    first.predict(H)
    first.predict_interval(2)
    assert pickle.dumps(first._members) == kept
    shared = plain(ESN, shared=True).fit(panel(parts))
    before = shared.predict(H)
    shared.update(panel({"b": 100 - wave(65, 0)[60:]}))
    for key in "ac":
        assert_array_equal(shared.predict(H).loc[key], before.loc[key])


def test_waves_of_a_shared_model_are_in_step():
    """Series of one season that begin at different months teach the same waves."""
    months = pd.period_range("2000", periods=120, freq="M")
    season = pd.Series(np.sin(2 * np.pi * np.arange(120) / 12), months)
    for index in (lambda s: s, lambda s: s.to_timestamp(), lambda s: s.reset_index(drop=True)):
        parts = {"early": season[:100], "late": season[7:90], "later": season[30:]}
        whole = index(season)
        parts = {key: whole[np.isin(months, part.index)] for key, part in parts.items()}
        forecaster = plain(LinearRegression(), lags=[5], fourier=1, season=12, shared=True)
        fitted = forecaster.set_params(scale=False).fit(pd.concat(parts))
        # no lag is needed where the waves fit
        rows = np.vstack([
            member.learner._examples(fitted._tracks[key].part(member.preparations[key]), (1,))[0]
            for key, (member,) in fitted._members.items()
        ])  # fmt: skip
        truth = np.concatenate([fitted._tracks[key].y[5:, 0] for key in fitted._members])
        _, misfit, *_ = np.linalg.lstsq(rows[:, 1:], truth, rcond=None)
        assert misfit < 1e-20
        assert_allclose(fitted.predict(3).loc["early"], season[100:103], atol=1e-9)


def test_shared_models_want_one_season():
    parts = {"days": wave(80, 0), "months": wave(60, 1, freq="MS")}
    with pytest.raises(ValueError, match=r"seasons of 7 of 'days' and 12 of 'months'; give season"):
        plain(shared=True).fit(panel(parts))
    forecast = plain(shared=True, season=6, fourier=1).fit(panel(parts)).predict(2)
    assert np.isfinite(forecast).all()


def test_calibration_of_a_shared_model_sees_each_series():
    parts = shops()
    parts["c"] = 100 * parts["c"]
    interval = plain(shared=True).fit(panel(parts)).predict_interval(1)["w", 0.9]
    width = interval["upper"] - interval["lower"]
    assert width["c"].iloc[0] > 30 * width["a"].iloc[0]


# --- update ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_some_series_may_be_left_out_of_an_update(name, refit, shared):
    parts = shops()
    forecaster = plain(ESTIMATORS[name], shared=shared).fit(panel(parts))
    before = forecaster.predict(H)
    later = wave(90, 2, "2023-12-24")[80:]
    forecaster.update(panel({"c": later}), refit=refit)
    after = forecaster.predict(H)
    assert after.loc["c"].index[0] == later.index[-1] + pd.Timedelta("1D")
    if not (shared and refit):
        for key in "ab":
            assert_array_equal(after.loc[key], before.loc[key])
    else:
        assert (after.loc["a"] != before.loc["a"]).all()
    if not shared:
        alone = plain(ESTIMATORS[name]).fit(parts["c"]).update(later, refit=refit)
        assert_array_equal(after.loc["c"], alone.predict(H))


def test_intervals_follow_an_update():
    y, longer = wave(60, 0), wave(70, 0)
    forecaster = plain().fit(panel({"a": y, "b": y}))
    first = forecaster.predict_interval(H)
    forecaster.update(panel({"b": longer[60:]}))
    second = forecaster.predict_interval(H)
    assert_array_equal(second.loc["a"], first.loc["a"])
    fresh = plain().fit(y).update(longer[60:]).predict_interval(H)
    assert_array_equal(second.loc["b"], fresh)


def test_updates_of_other_forms_are_refused():
    y = panel(shops())
    forecaster = plain().fit(y)
    later = panel({"a": wave(50, 1, "2024-01-20")[45:]})
    refused = {
        "y must hold series of fit alone, got 'new', which is none of them; fit again": panel(
            {"new": wave(9, 3)}
        ),
        "panel with a MultiIndex as in fit, got a Series": later.loc["a"],
        "panel with a MultiIndex as in fit, got a long table": long(later),
        "a Series as in fit, got a DataFrame": later.to_frame(),
        "y must have rows, got none": later[:0],
        "Series 'a': y must have the 4 time": later[1:],
    }
    before = forecaster.predict(H)
    for message, data in refused.items():
        with pytest.raises(ValueError, match=message):
            forecaster.update(data)
    assert forecaster.predict(H).equals(before)


# --- what is refused ------------------------------------------------------------------------------


def renamed(y, name):
    ids, times = (y.index.get_level_values(level) for level in (0, 1))
    return y.set_axis(pd.MultiIndex.from_arrays([[name, *ids[1:]], times]))


REFUSED = {
    "one row": (
        lambda y: pd.concat([y, panel({"z": wave(1, 0)})]),
        "Series 'z': .* at least",
    ),
    "few rows": (lambda y: pd.concat([y, panel({"z": wave(5, 0)})]), "Series 'z': .* 10 rows"),
    "one row of a long table": (lambda y: long(y)[:1], "Series 'b': .* at least 3 rows"),
    "no rows": (lambda y: y[:0], "y must have rows, got none"),
    "no rows of a long table": (lambda y: long(y)[:0], "y must have rows, got none"),
    "no name": (lambda y: renamed(y, None), "must name its series, got a missing name"),
    "no id": (lambda y: long(renamed(y, np.nan)), "must name its series, got a missing name"),
    "a time twice": (lambda y: pd.concat([y, y[:1]]), "Series 'b': .* each time once"),
    "nan": (lambda y: y.where(y.index != y.index[70]), "Series 'a': y must not hold NaN"),
    "gap": (lambda y: y.drop(y.index[70]), "Series 'a': y must have no gaps"),
    "one level": (
        lambda y: y["a"].set_axis(pd.MultiIndex.from_arrays([y["a"].index])),
        "must have a level for the series",
    ),
    "text for times": (lambda y: long(y).astype({"ds": str}), r'y\["ds"\] = pd\.to_datetime'),
    "text in a level": (
        lambda y: y.set_axis(y.index.set_levels(y.index.levels[1].astype(str), level=1)),
        "Series 'a': y must have a DatetimeIndex",
    ),
    "text for values": (lambda y: long(y).astype({"y": str}), "Series 'a': y must hold real"),
    "no positive values": (lambda y: y - 2, "Series 'a': y must be above 0 with transform='log'"),
}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("case", REFUSED)
def test_refused_panels(case, shared):
    make, message = REFUSED[case]
    transform = "log" if case == "no positive values" else None
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        plain(transform=transform, shared=shared).fit(make(panel(shops())))
    assert str(caught.value).endswith(".")
    assert str(caught.value).count("Series '") < 2


def test_refused_exogenous_columns():
    y, X = panel(shops()), panel(columns(shops(), H))
    unknown = pd.concat([X, panel({"new": X.loc["a"]})])
    none_of_b = X.drop(index="b", level=0)
    fitted = plain().fit(y, X)
    for call in (lambda X: plain().fit(y, X), lambda X: fitted.predict(H, X)):
        with pytest.raises(ValueError, match="series of fit alone, got 'new'"):
            call(unknown)
        with pytest.raises(ValueError, match="rows of each series, got none of 'b'"):
            call(none_of_b)
        with pytest.raises(ValueError, match="X must have a MultiIndex of 2 levels as y"):
            call(X.loc["a"])
        with pytest.raises(ValueError, match=r"missing name"):
            call(X.set_axis(renamed(X, None).index))
    with pytest.raises(ValueError, match=r"Series 'a': X must hold the columns .* got None"):
        fitted.predict(H)
    with pytest.raises(ValueError, match=r"Series 'b': X must have a row .* none for 2024-03-04"):
        fitted.predict(H, X.drop(("b", pd.Timestamp("2024-03-04"))))
    table = long(y.to_frame("y").join(X))
    with pytest.raises(ValueError, match="X must be None with a long table"):
        plain().fit(table, long(X))
    with pytest.raises(ValueError, match="long table with the columns unique_id and ds"):
        plain().fit(table).predict(H, X)


def test_errors_of_forecasts_name_the_series():
    parts = {"tame": pd.Series(np.sin(np.arange(60.0))), "wild": pd.Series(1.5 ** np.arange(60))}
    forecaster = plain(LinearRegression(), lags=2).fit(pd.concat(parts))
    with pytest.raises(FloatingPointError, match="Series 'wild': The forecast diverged"):
        forecaster.predict(3000)
    with pytest.raises(ValueError, match="Series 'a': y must have more rows than 45"):
        plain().fit(panel(shops())).predict_interval(40)
    every_other = panel(shops())
    every_other[(every_other.index.get_level_values(0) == "c")] = np.where(
        np.arange(80) % 2, np.nan, 1.0
    )
    with pytest.raises(ValueError, match="Series 'c': y must have measured rows"):
        plain(missing="run_on").fit(every_other)
    parts = shops()
    parts["a"] = parts["a"].drop(parts["a"].index[[8, 16, 24]])
    forecaster = plain(lags=8, missing="run_on").fit(panel(parts))
    with pytest.raises(ValueError, match="measured rows at all lags") as caught:
        forecaster.predict_interval(H)
    assert str(caught.value).count("Series '") == 1


# --- in processes, and as an object ---------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_processes_and_threads_change_nothing(shared):
    y = panel(shops())
    y.iloc[[20, 21, 100]] = np.nan
    forecaster = plain(ESN, shared=shared, missing="run_on", difference=1)
    expected = deepcopy(forecaster).fit(y)
    for backend in ("threading", "loky"):
        with parallel_config(backend):
            parallel = deepcopy(forecaster).set_params(n_jobs=2).fit(y)
        assert parallel.predict(H).equals(expected.predict(H))
        assert parallel.predict_interval(H).equals(expected.predict_interval(H))


def test_panels_can_be_pickled_and_copied():
    forecaster = plain(ESN).fit(panel(shops()))
    expected = forecaster.predict(H)
    for other in (pickle.loads(pickle.dumps(forecaster)), deepcopy(forecaster)):
        assert other.predict(H).equals(expected)
        other.update(panel({"a": wave(46, 1, "2024-01-20")[45:]}), refit=True)
    assert forecaster.predict(H).equals(expected)


def test_attributes_of_panels_are_keyed():
    forecaster = plain(ESN, n_estimators=2).fit(panel(shops()))
    assert list(forecaster.estimators_) == list(forecaster.views_) == ["a", "b", "c"]
    assert len(forecaster.views_["b"]) == 2
    seeds = {e.random_state for members in forecaster.estimators_.values() for e in members}
    assert seeds == set(check_random_state(0).randint(2**31 - 1, size=2))


def test_summary_of_panels():
    y = panel({f"s{i}": wave(40, i) for i in range(12)})
    summary = plain(n_estimators=2).fit(y).summary()
    assert "s0: 40 rows from 2024-01-01 to 2024-02-09, a season of 7\n" in summary
    assert "... 2 more series\n2 Ridge for each series, recursive" in summary
    assert "2 Ridge shared, recursive" in plain(n_estimators=2, shared=True).fit(y).summary()
