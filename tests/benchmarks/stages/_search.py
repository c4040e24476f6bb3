"""Choosing among candidates by cross-validation on folds in time order."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV, ParameterSampler, TimeSeriesSplit

from tests.benchmarks._networks import Size, make_series
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant, UnableError

SIZE = Size(500, 0.1)
N_STEPS = 5000
N_CANDIDATES = 100
N_FOLDS = TimeSeriesSplit(5)

Search = Callable[[list[dict[str, float]], np.ndarray, np.ndarray], Any]


def rows(quick: bool) -> Iterator[Row]:
    def enter(contestant: Contestant) -> Run:
        if contestant.name not in SEARCHES:
            raise UnableError("no search of its own, and no estimator that scikit-learn can clone")
        contestant.version()
        search, (X, y) = SEARCHES[contestant.name], make_series(N_STEPS)
        return lambda amount, number: search(candidates(amount, number), X, y)

    label = f"{N_CANDIDATES} candidates, 5 folds, {SIZE}, {N_STEPS:,} steps"
    yield Row("search", label, enter, amount=N_CANDIDATES, least=1)


def candidates(n_candidates: int, seed: int) -> list[dict[str, float]]:
    """Draw spectral radius, leak rate and penalty."""
    values = {
        "spectral_radius": np.linspace(0.3, 1.2, 10),
        "leak_rate": np.linspace(0.1, 1.0, 10),
        "alpha": np.logspace(-8, -1, 8),
    }
    return list(ParameterSampler(values, n_candidates, random_state=seed))


def ours_search(candidates: list[dict[str, float]], X: np.ndarray, y: np.ndarray) -> Any:
    """Search with this package's own class, which draws one W and runs candidates together."""
    from reservoir import ESNRegressor
    from reservoir.model_selection import ESNSearchCV

    estimator = ESNRegressor(
        n_units=SIZE.n_units, connectivity=SIZE.connectivity, include_input=False,
        predict_state="carry", random_state=0,
    )  # fmt: skip
    grid = [{name: [value] for name, value in candidate.items()} for candidate in candidates]
    scoring = "neg_mean_squared_error"
    search = ESNSearchCV(estimator, grid, cv=N_FOLDS, scoring=scoring, refit=False)
    return search.fit(X, y[:, 0]).best_params_


def echoes_search(candidates: list[dict[str, float]], X: np.ndarray, y: np.ndarray) -> Any:
    from tests.benchmarks.contestants._echoes import Echoes

    return _grid_search(Echoes().regressor(SIZE, 0), candidates, {"alpha": "ridge_alpha"}, X, y)


def reservoirpy_search(candidates: list[dict[str, float]], X: np.ndarray, y: np.ndarray) -> Any:
    """Loop over candidates and folds; one unscaled W for all of them spares the eigenvalues."""
    from reservoirpy.mat_gen import uniform
    from reservoirpy.nodes import Reservoir, Ridge

    n = SIZE.n_units
    W = uniform(n, n, sr=1.0, connectivity=SIZE.connectivity, seed=0)
    W_in = uniform(n, 1, connectivity=1.0, seed=1)
    errors = []
    for candidate in candidates:
        folds = []
        for train, test in N_FOLDS.split(X):
            reservoir = Reservoir(
                W=W * candidate["spectral_radius"], Win=W_in, lr=candidate["leak_rate"]
            )
            model = reservoir >> Ridge(ridge=candidate["alpha"])
            model.fit(X[train], y[train])
            model.reset()
            folds.append(np.mean((model.run(X[test]) - y[test]) ** 2))
        errors.append(np.mean(folds))
    return candidates[int(np.argmin(errors))]


def _grid_search(
    estimator: Any,
    candidates: list[dict[str, float]],
    names: dict[str, str],
    X: np.ndarray,
    y: np.ndarray,
) -> Any:
    grid = [
        {names.get(name, name): [value] for name, value in candidate.items()}
        for candidate in candidates
    ]
    search = GridSearchCV(
        estimator, grid, cv=N_FOLDS, scoring="neg_mean_squared_error", refit=False
    )
    return search.fit(X, y).best_params_


SEARCHES: dict[str, Search] = {
    "reservoir": ours_search,
    "echoes": echoes_search,
    "ReservoirPy": reservoirpy_search,
}
