"""Continuous-time recurrent networks, in three ways of training."""

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MultiOutputMixin,
    RegressorMixin,
    _fit_context,
)
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from reservoir.estimators._base import BaseEchoState
from reservoir.estimators._continuous import (
    ContinuousClassifier,
    ContinuousRegressor,
    EvolvedClassifier,
    EvolvedRegressor,
    Plan,
    Timed,
    TrainedContinuousClassifier,
    TrainedContinuousRegressor,
)
from reservoir.estimators._continuous_reservoir import ADAPTIVE, INTEGRATORS
from reservoir.estimators._learning import BaseReadout
from reservoir.estimators._trained import BaseTrained
from reservoir.estimators._trained_tasks import TrainedClassifier, TrainedRegressor

DRAWN = (
    "topology", "connectivity", "spectral_radius", "input_weights", "input_scaling",
    "bias_scaling", "include_input", "readout", "predict_state",
)  # fmt: skip
TRAINED = (
    "learn_initial_state", "solver", "clip_norm", "bptt_steps", "carry_state", "batch_size",
    "learning_rate", "learning_rate_init", "max_iter", "tol", "n_iter_no_change",
    "early_stopping", "validation_fraction", "warm_start", "checkpoint",
)  # fmt: skip
SHARED = ("n_units", "activation", "alpha", "warmup", "dtype", "random_state", "verbose")
LATER = ("alpha", "warmup", "predict_state", "readout", "verbose", "class_weight")  # of a readout
POSITIVE = Interval(Real, 0, None, closed="neither")


class BaseCTRNN(BaseEstimator):
    """Parameters, and the engine that learns as they say."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{name: BaseReadout._parameter_constraints[name] for name in (*SHARED, *DRAWN)},
        **{name: BaseTrained._parameter_constraints[name] for name in TRAINED},
        "learn_initial_state": ["boolean"],
        "dynamics": [StrOptions({"beer", "jaeger"})],
        "time_constants": [POSITIVE, tuple, "array-like"],
        "integrator": [StrOptions(set(INTEGRATORS))],
        "step": [POSITIVE, None],
        "interpolation": [StrOptions({"hold", "linear"})],
        "time_unit": [str, None, HasMethods(["total_seconds"])],
        "rtol": [POSITIVE],
        "atol": [POSITIVE],
        "training": [StrOptions({"readout", "bptt", "evolution"})],
        "pooling": [StrOptions({"mean", "last"}), None],
    }
    _engines: ClassVar[dict[str, Any]]
    _own: ClassVar[str]  # the parameter that regressor and classifier do not share

    network_: Any

    def _make_engine(self) -> Any:
        plan = Plan(
            self.time_constants,
            self.dynamics == "beer",
            self.integrator,
            self.step,
            self.interpolation == "linear",
            self.time_unit,
            self.rtol,
            self.atol,
        )
        drawn = self.training == "readout"
        names = (*SHARED, *(DRAWN if drawn else (*TRAINED, self._own)))
        if self._own == "class_weight":
            names = tuple(dict.fromkeys((*names, self._own)))
        parameters = {name: getattr(self, name) for name in names}
        parameters["pooling"] = self.pooling or ("mean" if drawn else "last")
        if not drawn:
            parameters["time_constants"] = self.time_constants
            if not isinstance(self.alpha, Real):
                raise ValueError(
                    f"alpha must be a number with training={self.training!r}, got {self.alpha!r}."
                )
            if self.integrator == ADAPTIVE:
                raise ValueError(
                    f"integrator must not be {ADAPTIVE!r} with training={self.training!r}, whose "
                    "steps must be of a fixed number; use 'rk4' and step."
                )
        return self._engines[self.training](plan, **parameters)

    def _learn(
        self,
        X: Any,
        y: Any,
        times: Any,
        ahead: Any,
        groups: Any,
        sample_weight: Any,
        *,
        partial: bool = False,
        classes: Any = None,
    ) -> Any:
        there: Any = self.__dict__.get("network_")
        goes_on = there is not None and (
            partial or (self.warm_start and self.training != "readout")
        )
        if goes_on and type(there) is not self._engines[self.training]:
            raise ValueError(
                f"training must stay what it was where fit goes on, got {self.training!r}; call "
                "fit with warm_start=False."
            )
        engine = there if goes_on else self._make_engine()
        if goes_on:
            fresh = self._make_engine()
            names = LATER if self.training == "readout" else fresh.get_params(deep=False)
            for name in names:
                if hasattr(fresh, name):
                    setattr(engine, name, getattr(fresh, name))
        else:
            self.__dict__.pop("network_", None)
        timed = Timed(X, times, ahead)
        try:
            if classes is None:
                engine._learn(timed, y, groups, sample_weight, partial=partial)
            else:
                with engine._knowing(classes):
                    engine._learn(timed, y, groups, sample_weight, partial=partial)
        finally:
            if engine.__sklearn_is_fitted__():  # what Ctrl-C or a divergence leaves is kept
                self.network_ = engine
        return self

    def __getattr__(self, name: str) -> Any:
        """Return a fitted attribute of what has learned."""
        if name.endswith("_") and not name.startswith("_") and "network_" in self.__dict__:
            return getattr(self.__dict__["network_"], name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def interval_(self) -> float:
        """The usual time from row to row, in units of time."""
        check_is_fitted(self)
        return float(self.network_._clock.interval)

    @available_if(lambda self: self.training == "readout")
    def states(
        self, X: Any, *, times: Any = None, groups: Any = None, initial_state: Any = None
    ) -> Any:
        """Return the states of the units at each row, as features for something else.

        Only with ``training="readout"``.

        Parameters
        ----------
        X, times, groups, initial_state
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_rows, n_units), 3-D array or list
            In the form of ``X``.
        """
        check_is_fitted(self)
        states, layout = self.network_.states(Timed(X, times), groups, initial_state)
        return layout.restore(states)

    def __sklearn_is_fitted__(self) -> bool:
        return "network_" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _found(
        self,
        X: Any,
        times: Any,
        ahead: Any,
        at: Any,
        groups: Any,
        initial_state: Any,
        method: str = "predict",
        streaming: bool = False,
    ) -> tuple[Any, Any, Any]:
        """Return outputs, their layout, and the final states."""
        check_is_fitted(self)
        engine, timed = self.network_, Timed(X, times, ahead)
        drawn = isinstance(engine, BaseEchoState)
        if at is not None:
            if not drawn:
                raise ValueError(
                    "at must be None where all weights are trained, got times; use "
                    "training='readout'."
                )
            return engine.outputs_at(timed, groups, initial_state, at, method)
        if drawn:
            return engine._outputs(timed, groups, initial_state, method, streaming=streaming)
        return engine._outputs(timed, groups, initial_state)


def _learns_on(estimator: Any) -> bool:
    readout = estimator.readout
    if estimator.training == "readout":
        return readout is None or hasattr(readout, "partial_fit")
    return bool(estimator.training == "bptt")


class CTRNNRegressor(MultiOutputMixin, RegressorMixin, BaseCTRNN):
    """Continuous-time recurrent network for regression and forecasting, at any times.

    The state follows, in Beer's form [1]_,

    ``τ dx/dt = -x + W f(x + θ) + W_in u(t)``

    or, in that of leaky integrators [2]_,

    ``τ dx/dt = -x + f(W x + W_in u(t) + b)``

    with a time constant τ for each unit, from rest at the start of each sequence; it is integrated
    from row to row, for as long as each interval lasts. A gap is no error. A linear output reads
    the state when a row happens, some time after it (``ahead``), or at times of one's own
    (``at``). With ``integrator="euler"``, rows 1 apart and the second form, this is the echo state
    network of ``leak_rate=1/τ``.

    Parameters
    ----------
    n_units : int, default=100
        Units.
    dynamics : {"beer", "jaeger"}, default="beer"
        Which of the two equations.
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f.
    time_constants : (float, float), float or ndarray of shape (n_units,), default=(1.0, 100.0)
        τ, in units of time: a range over which the units are spread by its logarithm, one for all,
        or one for each. Where weights are trained, what learning begins with; it stays positive.
    integrator : str, default="exponential_euler"
        "euler"; "exponential_euler", exact for the decay and stable whatever the step; "heun" and
        "rk4", of orders 2 and 4; or, for ``training="readout"``, "dormand_prince", of order 5 with
        steps as long as ``rtol`` and ``atol`` allow. A row costs as many products with W as there
        are stages (1, 1, 2, 4; about 6 a step), times the steps in its interval.
    step : float or None, default=None
        The longest step, in units of time; an interval is passed in as many equal ones as that
        needs. None takes steps of about a short interval of the training data (their lower
        quartile): one from row to row where rows are equally spaced, more in a gap.
    interpolation : {"hold", "linear"}, default="hold"
        The input between two rows: that of the later row, as in a discrete network, or a straight
        line from the one to the other.
    time_unit : str, Timedelta or None, default=None
        What dates are counted in, such as "1h"; None takes the median interval of the training
        data. Numbers count as they are, and rows without times are 1 apart.
    rtol, atol : float, default=1e-6, 1e-8
        Relative and absolute error of a step of "dormand_prince".
    training : {"readout", "bptt", "evolution"}, default="readout"
        "readout" draws all weights but those of a ridge readout: a continuous reservoir. "bptt"
        trains all weights and time constants by gradient through the integrator's steps; a row
        then costs twice more on the way back, and memory for two states at each stage of each step
        of a window. "evolution" searches them by differential evolution, with no gradient, which
        is for a handful of units: each generation runs 20 to 100 networks over all rows.
    topology : str, matrix or callable, default="random"
        With "readout", W as in `ESNRegressor`.
    connectivity : int or float, default=10
        With "readout" and "random": links into each unit, or the share of all links.
    spectral_radius : float or None, default=0.9
        With "readout", what a generated W is scaled to.
    input_weights : str or array of shape (n_units, n_features), default="uniform"
        With "readout", W_in as in `ESNRegressor`.
    input_scaling : float or array of shape (n_features,), default=1.0
        With "readout", factor of generated input weights.
    bias_scaling : float, default=0.2
        With "readout", θ or b is uniform in ±bias_scaling.
    include_input : bool, default=True
        With "readout", whether it also sees the input.
    readout : None or estimator, default=None
        With "readout", None for ridge regression, or any scikit-learn regressor.
    alpha : float or list of float, default=1e-6
        Penalty of the ridge readout; from a list, generalised cross-validation chooses. Where
        weights are trained, a number: the strength of the L2 penalty.
    warmup : int, default=0
        First rows of each sequence whose targets do not count.
    pooling : {"mean", "last"} or None, default=None
        What is read out where there is one target for each sequence: the mean over its rows, or
        its last row. None takes the mean for a reservoir, the last row for a trained network.
    predict_state : {"reset", "carry"}, default="reset"
        With "readout", whether ``predict`` starts each sequence from rest or goes on from the end
        of the training data, at later times: a named sequence from its own end, from rest if there
        was none of that name; sequences without names in order, as many as there were.
    loss : str or Loss, default="squared_error"
        Where weights are trained: "squared_error", "absolute_error", "huber", "quantile" or
        "binary_cross_entropy", or an object of `reservoir.training.losses`.
    learn_initial_state : bool, default=False
        Whether the state in which sequences begin is trained; else it is 0.
    solver : {"adam", "adamw", "rmsprop", "sgd"}, default="adam"
        With "bptt", how gradients change the weights.
    clip_norm : float or None, default=1.0
        With "bptt", a gradient longer than this is scaled to it.
    bptt_steps : int, "auto" or None, default="auto"
        With "bptt", rows of a window; see `LSTMRegressor`.
    carry_state : bool, default=True
        With "bptt", whether windows begin where the one before ended.
    batch_size : int or "auto", default="auto"
        With "bptt", sequences or windows that are learned from at once.
    learning_rate : str or callable, default="constant"
        With "bptt": "constant", "cosine", "invscaling", "adaptive" or a function.
    learning_rate_init : float, default=0.005
        With "bptt", the rate that the schedule begins with.
    max_iter : int, default=200
        Epochs, or generations, at most.
    tol : float, default=1e-4
        With "bptt", an epoch is an improvement if the loss falls by more than this share; with
        "evolution", the spread of losses, relative to their mean, at which the search has ended.
    n_iter_no_change : int, default=10
        With "bptt", epochs without improvement after which training ends.
    early_stopping : bool, default=False
        With "bptt", whether the last part of the data is held back to judge each epoch.
    validation_fraction : float, default=0.1
        The share that is held back.
    warm_start : bool, default=False
        Where weights are trained, whether ``fit`` goes on from those that are there.
    checkpoint : str, Path or None, default=None
        With "bptt", the file to which training is saved and from which it goes on.
    dtype : {"float64", "float32"}, default="float64"
        Type of weights and states.
    random_state : int, RandomState instance or None, default=None
        Seed of all that is drawn. The same seed gives the same numbers, whatever the number of
        threads.
    verbose : bool or int, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    time_constants_ : ndarray of shape (n_units,)
        τ, in units of time.
    interval_ : float
        The usual time from row to row, in units of time: before the first row of a sequence, and
        where no times are given.
    network_ : object
        What has learned; its fitted attributes, those of `ESNRegressor` or `LSTMRegressor`, are
        attributes here too: ``coef_``, ``alpha_``, ``loss_curve_``, ``n_iter_`` and others.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if X has string column names.

    See Also
    --------
    CTRNNClassifier : The same network for labels.
    ESNRegressor : In steps of one row each.

    References
    ----------
    .. [1] Beer, R. D. (1995). On the dynamics of small continuous-time recurrent neural networks.
       Adaptive Behavior 3, 469-509, eq. 1.
    .. [2] Jaeger, H., Lukoševičius, M., Popovici, D. and Siewert, U. (2007). Optimization and
       applications of echo state networks with leaky-integrator neurons. Neural Networks 20,
       335-352, eq. 1.

    Examples
    --------
    Half of the samples are lost; forecast how the series goes on 1 unit of time after each:

    >>> import numpy as np
    >>> from reservoir import CTRNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> times = np.sort(rng.choice(2000, 1000, replace=False))
    >>> X, y = np.sin(0.1 * times)[:, None], np.sin(0.1 * (times + 1))
    >>> ctrnn = CTRNNRegressor(time_constants=(1, 10), warmup=50, random_state=0)
    >>> ctrnn = ctrnn.fit(X[:700], y[:700], times=times[:700], ahead=1.0)
    >>> ctrnn.score(X[700:], y[700:], times=times[700:]) > 0.99
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseCTRNN._parameter_constraints,
        "alpha": BaseReadout._parameter_constraints["alpha"],
        "loss": TrainedRegressor._parameter_constraints["loss"],
    }
    _engines: ClassVar[dict[str, Any]] = {
        "readout": ContinuousRegressor,
        "bptt": TrainedContinuousRegressor,
        "evolution": EvolvedRegressor,
    }
    _own = "loss"

    def __init__(
        self,
        *,
        n_units: int = 100,
        dynamics: str = "beer",
        activation: str = "tanh",
        time_constants: Any = (1.0, 100.0),
        integrator: str = "exponential_euler",
        step: float | None = None,
        interpolation: str = "hold",
        time_unit: Any = None,
        rtol: float = 1e-6,
        atol: float = 1e-8,
        training: str = "readout",
        topology: Any = "random",
        connectivity: int | float = 10,
        spectral_radius: float | None = 0.9,
        input_weights: Any = "uniform",
        input_scaling: Any = 1.0,
        bias_scaling: float = 0.2,
        include_input: bool = True,
        readout: Any = None,
        alpha: Any = 1e-6,
        warmup: int = 0,
        pooling: str | None = None,
        predict_state: str = "reset",
        loss: Any = "squared_error",
        learn_initial_state: bool = False,
        solver: str = "adam",
        clip_norm: float | None = 1.0,
        bptt_steps: int | str | None = "auto",
        carry_state: bool = True,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.005,
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        checkpoint: Any = None,
        dtype: str = "float64",
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_units = n_units
        self.dynamics = dynamics
        self.activation = activation
        self.time_constants = time_constants
        self.integrator = integrator
        self.step = step
        self.interpolation = interpolation
        self.time_unit = time_unit
        self.rtol = rtol
        self.atol = atol
        self.training = training
        self.topology = topology
        self.connectivity = connectivity
        self.spectral_radius = spectral_radius
        self.input_weights = input_weights
        self.input_scaling = input_scaling
        self.bias_scaling = bias_scaling
        self.include_input = include_input
        self.readout = readout
        self.alpha = alpha
        self.warmup = warmup
        self.pooling = pooling
        self.predict_state = predict_state
        self.loss = loss
        self.learn_initial_state = learn_initial_state
        self.solver = solver
        self.clip_norm = clip_norm
        self.bptt_steps = bptt_steps
        self.carry_state = carry_state
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        times: Any = None,
        ahead: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> "CTRNNRegressor":
        """Draw the weights and learn.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
            Sequences; see `reservoir.sequences`. Rows of a DataFrame happen when its index says:
            dates, periods, timedeltas or numbers; the interval before a row is as long as they
            tell.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), 3-D array or list
            Targets in the form of X, or one for each sequence; those that are NaN are left out.
        times : array-like of shape (n_rows,), or a list of them, optional
            When each row happens, in the form of X, in place of an index: dates, timedeltas or
            numbers, increasing in each sequence.
        ahead : float, timedelta or array-like of shape (n_rows,), optional
            How long after each row its target is due; the input is held until then, and the
            readout sees the state at both times. A number holds for ``predict`` too. Only with
            ``training="readout"``.
        groups : array-like of shape (n_rows,), optional
            The sequence that each row belongs to.
        sample_weight : array-like of shape (n_rows,) or (n_sequences,), optional
            How much each target counts.

        Returns
        -------
        self : CTRNNRegressor

        Raises
        ------
        ValueError
            If the input is of the wrong shape or not finite, times do not increase, a step is too
            long for the integrator, or a sequence is not longer than ``warmup``.
        FloatingPointError
            If the network or its training diverges, or no step is short enough.
        """
        return self._learn(X, y, times, ahead, groups, sample_weight)

    @available_if(_learns_on)
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        *,
        times: Any = None,
        ahead: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> "CTRNNRegressor":
        """Learn from more data: a readout of all data so far, or one epoch more of "bptt".

        Parameters
        ----------
        X, y, times, ahead, groups, sample_weight
            As in `fit`. With ``predict_state="carry"`` times go on after the last block.

        Returns
        -------
        self : CTRNNRegressor
        """
        return self._learn(X, y, times, ahead, groups, sample_weight, partial=True)

    def predict(
        self,
        X: Any,
        *,
        times: Any = None,
        ahead: Any = None,
        at: Any = None,
        groups: Any = None,
        initial_state: Any = None,
        return_state: bool = False,
    ) -> Any:
        """Return the outputs for each row, for each of other times, or for each sequence.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
        times, ahead, groups
            As in `fit`; ``ahead`` may be left out where it was one number there.
        at : array-like of shape (n_times,), or a list of them, optional
            Times of one's own at which to answer, in any order, none before the first row of its
            sequence: each from the last row before it, whose input is held. For several sequences a
            list with those of each. A network that was fitted with ``ahead`` answers well for as
            long as that was, no less and no more: fit with ``np.diff(times)``, from each row to
            the next, to be asked about any time between. Only with ``training="readout"``.
        initial_state : array-like of shape (n_state,) or (n_sequences, n_state), optional
            Where the sequences begin, as ``return_state`` returned it; rows then happen later
            than those that led there.
        return_state : bool, default=False
            Whether to return the state in which each sequence ends as well.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs), 3-D array or list
            In the form of ``X``; (n_times,) or (n_times, n_outputs) with ``at``, or a list of such;
            (n_sequences,) or (n_sequences, n_outputs) where there is one output for each.
        state : ndarray of shape (n_state,) or (n_sequences, n_state)
            Of the units, then the last input and the last time. Only if ``return_state``.

        Raises
        ------
        ValueError
            If times do not increase or do not go on after ``initial_state``.
        FloatingPointError
            If the network diverges.
        """
        outputs, layout, states = self._found(
            X, times, ahead, at, groups, initial_state, streaming=return_state
        )
        outputs = self.network_._with_target_ndim(outputs)
        if at is not None:
            result = layout.restore(outputs)
            result = result[0] if np.ndim(states) == 1 else result
        else:
            result = self.network_._in_form(outputs, layout)
        return (result, states) if return_state else result

    def score(
        self,
        X: Any,
        y: Any,
        *,
        times: Any = None,
        ahead: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> float:
        """Return the coefficient of determination R² of the predictions.

        Parameters
        ----------
        X, y, times, ahead, groups, sample_weight
            As in `fit`.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        timed = Timed(X, times, ahead)
        return float(self.network_.score(timed, y, groups=groups, sample_weight=sample_weight))

    def generate(
        self, n_steps: int, *, context: Any = None, X_future: Any = None, times: Any = None
    ) -> Any:
        """Close the loop: continue one sequence on the network's own outputs, at equal intervals.

        The network must have learned to predict the next row of its own input,
        ``fit(series[:-1], series[1:])``, or its input some time ``ahead``. Each output is then the
        next input, as much later as ``ahead`` was where it was one number, else by ``interval_``.

        Parameters
        ----------
        n_steps : int
            Steps to generate.
        context : array-like of shape (n_rows, n_features), optional
            The rows before the first step; those of the training by default with "readout".
        X_future : array-like of shape (n_steps, n_features - n_outputs), optional
            The exogenous columns of the row that each generated value becomes part of.
        times : array-like of shape (n_rows,), optional
            When the rows of the context happen.

        Returns
        -------
        y : ndarray of shape (n_steps,) or (n_steps, n_outputs)

        Raises
        ------
        ValueError
            If the outputs cannot serve as inputs, or a shape does not fit.
        FloatingPointError
            If the closed loop diverges, with the step where it left the finite numbers.
        """
        check_is_fitted(self)
        context = context if context is None else Timed(context, times)
        return self.network_.generate(n_steps, context=context, X_future=X_future)


def _tells_probabilities(estimator: Any) -> bool:
    readout = estimator.readout
    return estimator.training != "readout" or readout is None or hasattr(readout, "predict_proba")


class CTRNNClassifier(ClassifierMixin, BaseCTRNN):
    """Continuous-time recurrent network for classification, a label for each row or sequence.

    The state follows, in Beer's form [1]_,

    ``τ dx/dt = -x + W f(x + θ) + W_in u(t)``

    or, in that of leaky integrators [2]_,

    ``τ dx/dt = -x + f(W x + W_in u(t) + b)``

    with a time constant τ for each unit, integrated from row to row for as long as each interval
    lasts. A readout tells the classes apart.

    Parameters
    ----------
    n_units : int, default=100
        Units.
    dynamics : {"beer", "jaeger"}, default="beer"
        Which of the two equations.
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f.
    time_constants : (float, float), float or ndarray of shape (n_units,), default=(1.0, 100.0)
        τ, in units of time: a range over which the units are spread by its logarithm, one for all,
        or one for each. Where weights are trained, what learning begins with; it stays positive.
    integrator : str, default="exponential_euler"
        "euler"; "exponential_euler", exact for the decay and stable whatever the step; "heun" and
        "rk4", of orders 2 and 4; or, for ``training="readout"``, "dormand_prince", of order 5 with
        steps as long as ``rtol`` and ``atol`` allow. A row costs as many products with W as there
        are stages (1, 1, 2, 4; about 6 a step), times the steps in its interval.
    step : float or None, default=None
        The longest step, in units of time; an interval is passed in as many equal ones as that
        needs. None takes steps of about a short interval of the training data (their lower
        quartile): one from row to row where rows are equally spaced, more in a gap.
    interpolation : {"hold", "linear"}, default="hold"
        The input between two rows: that of the later row, as in a discrete network, or a straight
        line from the one to the other.
    time_unit : str, Timedelta or None, default=None
        What dates are counted in, such as "1h"; None takes the median interval of the training
        data. Numbers count as they are, and rows without times are 1 apart.
    rtol, atol : float, default=1e-6, 1e-8
        Relative and absolute error of a step of "dormand_prince".
    training : {"readout", "bptt", "evolution"}, default="readout"
        "readout" draws all weights but those of a ridge readout: a continuous reservoir. "bptt"
        trains all weights and time constants by gradient through the integrator's steps; a row
        then costs twice more on the way back, and memory for two states at each stage of each step
        of a window. "evolution" searches them by differential evolution, with no gradient, which
        is for a handful of units: each generation runs 20 to 100 networks over all rows.
    topology : str, matrix or callable, default="random"
        With "readout", W as in `ESNRegressor`.
    connectivity : int or float, default=10
        With "readout" and "random": links into each unit, or the share of all links.
    spectral_radius : float or None, default=0.9
        With "readout", what a generated W is scaled to.
    input_weights : str or array of shape (n_units, n_features), default="uniform"
        With "readout", W_in as in `ESNRegressor`.
    input_scaling : float or array of shape (n_features,), default=1.0
        With "readout", factor of generated input weights.
    bias_scaling : float, default=0.2
        With "readout", θ or b is uniform in ±bias_scaling.
    include_input : bool, default=True
        With "readout", whether it also sees the input.
    readout : None or estimator, default=None
        With "readout", None for ridge regression, or any scikit-learn classifier.
    alpha : float or list of float, default=1e-6
        Penalty of the ridge readout; from a list, generalised cross-validation chooses. Where
        weights are trained, a number: the strength of the L2 penalty.
    warmup : int, default=0
        First rows of each sequence whose targets do not count.
    pooling : {"mean", "last"} or None, default=None
        What is read out where there is one target for each sequence: the mean over its rows, or
        its last row. None takes the mean for a reservoir, the last row for a trained network.
    predict_state : {"reset", "carry"}, default="reset"
        With "readout", whether ``predict`` starts each sequence from rest or goes on from the end
        of the training data, at later times: a named sequence from its own end, from rest if there
        was none of that name; sequences without names in order, as many as there were.
    class_weight : dict, "balanced" or None, default=None
        The weight of each class; "balanced" makes them inversely proportional to their numbers.
    learn_initial_state : bool, default=False
        Whether the state in which sequences begin is trained; else it is 0.
    solver : {"adam", "adamw", "rmsprop", "sgd"}, default="adam"
        With "bptt", how gradients change the weights.
    clip_norm : float or None, default=1.0
        With "bptt", a gradient longer than this is scaled to it.
    bptt_steps : int, "auto" or None, default="auto"
        With "bptt", rows of a window; see `LSTMRegressor`.
    carry_state : bool, default=True
        With "bptt", whether windows begin where the one before ended.
    batch_size : int or "auto", default="auto"
        With "bptt", sequences or windows that are learned from at once.
    learning_rate : str or callable, default="constant"
        With "bptt": "constant", "cosine", "invscaling", "adaptive" or a function.
    learning_rate_init : float, default=0.005
        With "bptt", the rate that the schedule begins with.
    max_iter : int, default=200
        Epochs, or generations, at most.
    tol : float, default=1e-4
        With "bptt", an epoch is an improvement if the loss falls by more than this share; with
        "evolution", the spread of losses, relative to their mean, at which the search has ended.
    n_iter_no_change : int, default=10
        With "bptt", epochs without improvement after which training ends.
    early_stopping : bool, default=False
        With "bptt", whether the last part of the data is held back to judge each epoch.
    validation_fraction : float, default=0.1
        The share that is held back.
    warm_start : bool, default=False
        Where weights are trained, whether ``fit`` goes on from those that are there.
    checkpoint : str, Path or None, default=None
        With "bptt", the file to which training is saved and from which it goes on.
    dtype : {"float64", "float32"}, default="float64"
        Type of weights and states.
    random_state : int, RandomState instance or None, default=None
        Seed of all that is drawn. The same seed gives the same numbers, whatever the number of
        threads.
    verbose : bool or int, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    time_constants_ : ndarray of shape (n_units,)
        τ, in units of time.
    interval_ : float
        The usual time from row to row, in units of time: before the first row of a sequence, and
        where no times are given.
    network_ : object
        What has learned; its fitted attributes, those of `ESNClassifier` or `LSTMClassifier`, are
        attributes here too: ``coef_``, ``alpha_``, ``loss_curve_``, ``n_iter_`` and others.
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if X has string column names.

    See Also
    --------
    CTRNNRegressor : The same network for numbers.

    References
    ----------
    .. [1] Beer, R. D. (1995). On the dynamics of small continuous-time recurrent neural networks.
       Adaptive Behavior 3, 469-509, eq. 1.
    .. [2] Jaeger, H., Lukoševičius, M., Popovici, D. and Siewert, U. (2007). Optimization and
       applications of echo state networks with leaky-integrator neurons. Neural Networks 20,
       335-352, eq. 1.

    Examples
    --------
    Slow and fast waves, sampled when it happens:

    >>> import numpy as np
    >>> from reservoir import CTRNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> times = [np.cumsum(rng.uniform(0.2, 1.8, 60)) for _ in range(20)]
    >>> waves = [np.sin((0.2 + 0.2 * (i % 2)) * t)[:, None] for i, t in enumerate(times)]
    >>> labels = ["slow", "fast"] * 10
    >>> ctrnn = CTRNNClassifier(n_units=50, time_constants=(1, 10), random_state=0)
    >>> ctrnn = ctrnn.fit(waves[:14], labels[:14], times=times[:14])
    >>> ctrnn.score(waves[14:], labels[14:], times=times[14:])
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseCTRNN._parameter_constraints,
        "class_weight": TrainedClassifier._parameter_constraints["class_weight"],
    }
    _engines: ClassVar[dict[str, Any]] = {
        "readout": ContinuousClassifier,
        "bptt": TrainedContinuousClassifier,
        "evolution": EvolvedClassifier,
    }
    _own = "class_weight"

    def __init__(
        self,
        *,
        n_units: int = 100,
        dynamics: str = "beer",
        activation: str = "tanh",
        time_constants: Any = (1.0, 100.0),
        integrator: str = "exponential_euler",
        step: float | None = None,
        interpolation: str = "hold",
        time_unit: Any = None,
        rtol: float = 1e-6,
        atol: float = 1e-8,
        training: str = "readout",
        topology: Any = "random",
        connectivity: int | float = 10,
        spectral_radius: float | None = 0.9,
        input_weights: Any = "uniform",
        input_scaling: Any = 1.0,
        bias_scaling: float = 0.2,
        include_input: bool = True,
        readout: Any = None,
        alpha: Any = 1e-6,
        warmup: int = 0,
        pooling: str | None = None,
        predict_state: str = "reset",
        class_weight: Any = None,
        learn_initial_state: bool = False,
        solver: str = "adam",
        clip_norm: float | None = 1.0,
        bptt_steps: int | str | None = "auto",
        carry_state: bool = True,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.005,
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        checkpoint: Any = None,
        dtype: str = "float64",
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_units = n_units
        self.dynamics = dynamics
        self.activation = activation
        self.time_constants = time_constants
        self.integrator = integrator
        self.step = step
        self.interpolation = interpolation
        self.time_unit = time_unit
        self.rtol = rtol
        self.atol = atol
        self.training = training
        self.topology = topology
        self.connectivity = connectivity
        self.spectral_radius = spectral_radius
        self.input_weights = input_weights
        self.input_scaling = input_scaling
        self.bias_scaling = bias_scaling
        self.include_input = include_input
        self.readout = readout
        self.alpha = alpha
        self.warmup = warmup
        self.pooling = pooling
        self.predict_state = predict_state
        self.class_weight = class_weight
        self.learn_initial_state = learn_initial_state
        self.solver = solver
        self.clip_norm = clip_norm
        self.bptt_steps = bptt_steps
        self.carry_state = carry_state
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        times: Any = None,
        ahead: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> "CTRNNClassifier":
        """Draw the weights and learn.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
            Sequences; see `reservoir.sequences`. Rows of a DataFrame happen when its index says:
            dates, periods, timedeltas or numbers; the interval before a row is as long as they
            tell.
        y : array-like of shape (n_rows,) or (n_sequences,), 3-D array or list
            A label for each row, in the form of X, or for each sequence.
        times, ahead, groups, sample_weight
            As in `CTRNNRegressor.fit`.

        Returns
        -------
        self : CTRNNClassifier

        Raises
        ------
        ValueError, FloatingPointError
            As `CTRNNRegressor.fit` does, and if there is one class only.
        """
        return self._learn(X, y, times, ahead, groups, sample_weight)

    @available_if(_learns_on)
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        *,
        times: Any = None,
        ahead: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> "CTRNNClassifier":
        """Learn from more data: a readout of all data so far, or one epoch more of "bptt".

        Parameters
        ----------
        X, y, times, ahead, groups, sample_weight
            As in `fit`.
        classes : array-like of shape (n_classes,), optional
            All labels that will ever come; in the first call, those of ``y`` by default.

        Returns
        -------
        self : CTRNNClassifier
        """
        return self._learn(X, y, times, ahead, groups, sample_weight, partial=True, classes=classes)

    def predict(
        self,
        X: Any,
        *,
        times: Any = None,
        ahead: Any = None,
        at: Any = None,
        groups: Any = None,
        initial_state: Any = None,
        return_state: bool = False,
    ) -> Any:
        """Return the label of each row, of each of other times, or of each sequence.

        Parameters
        ----------
        X, times, ahead, at, groups, initial_state, return_state
            As in `CTRNNRegressor.predict`.

        Returns
        -------
        y : ndarray of shape (n_rows,), (n_times,) or (n_sequences,), 2-D array or list
        state : ndarray of shape (n_state,) or (n_sequences, n_state)
            Only if ``return_state``.
        """
        outputs, layout, states = self._found(
            X, times, ahead, at, groups, initial_state, streaming=return_state
        )
        result = self._formed(self.network_._labels(outputs), layout, at, states)
        return (result, states) if return_state else result

    @available_if(_tells_probabilities)
    def predict_proba(
        self,
        X: Any,
        *,
        times: Any = None,
        ahead: Any = None,
        at: Any = None,
        groups: Any = None,
        initial_state: Any = None,
    ) -> Any:
        """Return the probability of each class.

        Parameters
        ----------
        X, times, ahead, at, groups, initial_state
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes) or (n_sequences, n_classes), 3-D array or list
            In the order of ``classes_``.
        """
        outputs, layout, states = self._found(
            X, times, ahead, at, groups, initial_state, "predict_proba"
        )
        outputs = self.network_._probabilities(outputs)
        return self._formed(outputs, layout, at, states)

    def score(
        self,
        X: Any,
        y: Any,
        *,
        times: Any = None,
        ahead: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> float:
        """Return the share of right labels.

        Parameters
        ----------
        X, y, times, ahead, groups, sample_weight
            As in `fit`.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        timed = Timed(X, times, ahead)
        return float(self.network_.score(timed, y, groups=groups, sample_weight=sample_weight))

    def _formed(self, outputs: Any, layout: Any, at: Any, states: Any) -> Any:
        if at is None:
            return self.network_._in_form(outputs, layout)
        result = layout.restore(outputs)
        return result[0] if np.ndim(states) == 1 else result
