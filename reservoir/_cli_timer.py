"""The command `reservoir timer`: the 1000·u2 timer solved, next to classic models."""

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tqdm import tqdm

from reservoir import datasets, metrics
from reservoir.estimators import CTRNNRegressor, ESNRegressor, ESNTransformer, LSTMRegressor
from reservoir.plotting import check_picture

# shares of `hold` at which classic models see the past of both inputs
LAG_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, *np.arange(0.1, 1.01, 0.1))


# of the whole training part, each some half a minute on two cores
LSTM_EPOCHS = 300
CTRNN_EPOCHS = 800


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument("--hold", type=int, default=1000, help="steps that u2 = 1 holds the output")
    parser.add_argument("--train", type=int, default=60_000, help="training steps")
    parser.add_argument("--test", type=int, default=40_000, help="unseen steps")
    parser.add_argument("--folds", type=int, default=3, help="time-ordered folds")
    parser.add_argument("--seed", type=int, default=0, help="of the task and of all weights")
    parser.add_argument(
        "--plot", default="timer.png", metavar="FILE", help="where the picture goes"
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the task, fit all models, print the table and save the picture."""
    _check(arguments)
    hold, seed = arguments.hold, arguments.seed
    X, y = datasets.make_timer(arguments.train + arguments.test, hold, random_state=seed)
    train, test = slice(0, arguments.train), slice(arguments.train, None)
    folds = list(TimeSeriesSplit(arguments.folds).split(X[train]))
    models = timer_models(hold, seed)
    rows, outputs = {}, {}
    print(
        f"The timer: after a pulse the output is on for {hold} · u2 steps. "
        f"{arguments.train:,} training and {arguments.test:,} unseen steps, "
        f"{arguments.folds} time-ordered folds.\n",
        flush=True,
    )
    n_fits = sum(1 if _is_trained(model) else arguments.folds + 1 for model in models.values())
    with tqdm(total=n_fits, unit="fit", leave=False) as progress:
        for name, model in models.items():
            progress.set_description(name)
            fold_errors = []
            trained = _is_trained(model)
            if trained and progress.disable is False:
                _network_of(model).set_params(verbose=True)
            for past, future in () if trained else folds:
                fitted = clone(model).fit(X[past], y[past])
                predicted = fitted.predict(X[: future[-1] + 1])[future]
                fold_errors.append(float(metrics.nrmse(y[future], predicted)))
                progress.update()
            start = time.perf_counter()
            fitted = clone(model).fit(X[train], y[train])
            outputs[name] = fitted.predict(X)[test]
            seconds = time.perf_counter() - start
            folds_error = np.mean(fold_errors) if fold_errors else np.nan
            rows[name] = [folds_error, *scores(y[test], outputs[name]), seconds]
            progress.update()
    print(_as_table(rows))
    print(
        "\nClassic models see both inputs at lags up to the longest hold; a pulse lasts one step "
        "and is\nbetween two lags most of the time. A hand-made count of the steps since the last "
        "pulse would\nsolve the task for any of them: the networks learn to count. Networks whose "
        "weights\nare all trained are fitted once, without folds."
    )
    if arguments.plot:
        _draw(X[test], y[test], outputs, hold, arguments.plot)
        print(f"\nThe outputs around some switches are drawn in {arguments.plot}")
    return 0


def timer_models(hold: int, seed: int) -> dict[str, Any]:
    """Networks that solve the timer, and classic models on lagged inputs.

    A pulse saturates units that see it through large weights, whatever they held before, and
    they relax on their own afterwards: their states tell how long ago the last pulse was.

    Parameters
    ----------
    hold : int
        Of the task; time constants are relative to it.
    seed : int
        Of all random weights.

    Returns
    -------
    dict of str to estimator
    """
    lags = [max(1, round(share * hold)) for share in LAG_SHARES]
    lagged = FunctionTransformer(with_lags, kw_args={"lags": lags})
    trees = HistGradientBoostingRegressor(early_stopping=False, random_state=seed)
    return {
        "ESN -> trees": make_pipeline(decaying_units(hold, seed), trees),
        "ESN, own readout": network_with_own_readout(hold, seed),
        "CTRNN -> trees": clone(decaying_flow(hold, seed)).set_params(readout=trees),
        "LSTM": trained_network(hold, seed),
        "CTRNN, trained": trained_flow(hold, seed),
        "lags -> ridge": make_pipeline(lagged, Ridge()),
        "lags -> trees": make_pipeline(lagged, trees),
    }


def decaying_units(hold: int, seed: int) -> ESNTransformer:
    """Twenty units that a pulse saturates and that relax over hold / 20 to 2 hold steps."""
    self_weights = np.exp(-1 / np.geomspace(hold / 20, 2 * hold, 20))
    return ESNTransformer(
        n_units=20,
        topology=np.diag(self_weights),
        input_weights="bernoulli",
        input_scaling=np.array([100.0, 0.0]),
        random_state=seed,
    )


def network_with_own_readout(hold: int, seed: int) -> Pipeline:
    """Ten units that relax after a pulse, seen by a wide layer of steep ones with a ridge readout.

    The ten have self-weight 1 and so relax by their nonlinearity alone, dx = -x³/3 a step, as the
    root of the time since the pulse; a random bias makes each drift through zero at its own pace.
    """
    clocks = ESNTransformer(
        n_units=10,
        topology=np.eye(10),
        input_weights="bernoulli",
        input_scaling=np.array([100.0, 0.0]),
        bias_scaling=4e-4 * (1000 / hold) ** 1.5,
        random_state=seed,
    )
    n_units, gain = 1000, 20.0
    steps = ESNRegressor(
        n_units=n_units,
        topology=sparse.csr_array((n_units, n_units)),
        input_weights="bernoulli",
        input_scaling=gain * np.array([1.0] * 10 + [0.0, 2.0]),
        bias_scaling=3 * gain,
        alpha=100.0 * min(1.0, (hold / 1000) ** 1.5),
        random_state=seed,
    )
    return make_pipeline(clocks, StandardScaler(), steps)


def trained_network(hold: int, seed: int) -> LSTMRegressor:
    """Twenty-four LSTM cells that begin with memories of up to hold steps."""
    return LSTMRegressor(
        n_units=24,
        longest_lag=hold,
        bptt_steps=3 * hold,
        carry_state=False,
        batch_size=8,
        learning_rate_init=0.02,
        learning_rate="cosine",
        max_iter=LSTM_EPOCHS,
        tol=0.0,
        n_iter_no_change=LSTM_EPOCHS,
        random_state=seed,
    )


def decaying_flow(hold: int, seed: int) -> CTRNNRegressor:
    """Twenty units without links, that a pulse kicks and that decay over hold / 200 to hold / 10.

    They are so fast that what earlier pulses have left is far below the last one: the logarithm of
    each falls linearly with the time since.
    """
    return CTRNNRegressor(
        n_units=20,
        time_constants=(hold / 200, hold / 10),
        topology=np.zeros((20, 20)),
        input_weights="bernoulli",
        input_scaling=np.array([1.0, 0.0]),
        bias_scaling=0.0,
        random_state=seed,
    )


def trained_flow(hold: int, seed: int) -> Pipeline:
    """Twenty-four continuous-time units that begin with time constants of 1 to hold steps."""
    ctrnn = CTRNNRegressor(
        n_units=24,
        training="bptt",
        time_constants=(1.0, float(hold)),
        bptt_steps=2 * hold,
        carry_state=False,
        batch_size=16,
        learning_rate_init=0.03,
        learning_rate="cosine",
        max_iter=CTRNN_EPOCHS,
        tol=0.0,
        n_iter_no_change=CTRNN_EPOCHS,
        dtype="float32",
        random_state=seed,
    )
    # a pulse of 1 in so many steps tells little of itself
    factors = {"factors": (10.0, 3.0)}
    return make_pipeline(FunctionTransformer(scaled, kw_args=factors), ctrnn)


def scaled(X: NDArray[np.float64], factors: tuple[float, ...]) -> NDArray[np.float64]:
    """Multiply each column by its factor."""
    return X * np.array(factors)


def _network_of(model: Any) -> Any:
    return model[-1] if isinstance(model, Pipeline) else model


def _is_trained(model: Any) -> bool:
    network = _network_of(model)
    return isinstance(network, LSTMRegressor) or getattr(network, "training", "") == "bptt"


def with_lags(X: NDArray[np.float64], lags: list[int]) -> NDArray[np.float64]:
    """Append the values that each input had so many steps ago; before the start they are 0."""
    columns = [X]
    for lag in lags:
        shifted = np.zeros_like(X)
        shifted[lag:] = X[:-lag]
        columns.append(shifted)
    return np.hstack(columns)


def scores(y: NDArray[np.float64], output: NDArray[np.float64]) -> list[float]:
    """NRMSE, share of steps on the right side, median and 90th percentile switch-off error."""
    late = np.abs(metrics.switch_off_error(y, output))
    return [
        float(metrics.nrmse(y, output)),
        metrics.steps_right(y, output),
        float(np.median(late)),
        float(np.percentile(late, 90)),
    ]


def _as_table(rows: dict[str, list[Any]]) -> str:
    lines = [
        f"{'':<18}{'folds':>8}{'unseen':>9}{'steps':>9}{'switch-off, steps':>20}{'fit and':>9}",
        f"{'model':<18}{'NRMSE':>8}{'NRMSE':>9}{'right':>9}{'median':>10}{'90 %':>10}{'run, s':>9}",
    ]
    lines.append("-" * len(lines[-1]))
    for name, (folds, nrmse, right, median, late, seconds) in rows.items():
        of_folds = "-" if np.isnan(folds) else f"{folds:.3f}"
        lines.append(
            f"{name:<18}{of_folds:>8}{nrmse:>9.3f}{right:>9.2%}{median:>10.0f}{late:>10.0f}"
            f"{seconds:>9.1f}"
        )
    return "\n".join(lines)


def _draw(
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    outputs: dict[str, NDArray[np.float64]],
    hold: int,
    path: str,
) -> None:
    from reservoir.plotting import plot_timer

    first = int(np.flatnonzero(X[:, 0])[0])
    shown = slice(max(0, first - hold // 4), first + 6 * hold)
    figure = plot_timer(
        y[shown], {name: output[shown] for name, output in outputs.items()}, inputs=X[shown]
    )
    figure.suptitle(f"Unseen steps of the {hold}·u2 timer; u2 above each pulse")
    figure.savefig(path, dpi=120)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.folds < 2:
        raise ValueError(f"--folds must be at least 2, got {arguments.folds}.")
    if arguments.hold < 5:
        raise ValueError(f"--hold must be at least 5, got {arguments.hold}.")
    for name in ("train", "test"):
        if getattr(arguments, name) < 8 * arguments.hold:
            raise ValueError(
                f"--{name} must be at least 8 times --hold, {8 * arguments.hold} steps, got "
                f"{getattr(arguments, name)}."
            )
    most = arguments.train // (4 * arguments.hold) - 1
    if arguments.folds > max(most, 2):
        raise ValueError(
            f"--folds must be at most {max(most, 2)}, so that the first fold has 4 times --hold "
            f"steps to learn from, got {arguments.folds}."
        )
    if arguments.plot:
        check_picture(arguments.plot)  # before the work, not after it
