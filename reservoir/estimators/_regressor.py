"""Echo state network for regression and forecasting."""

from typing import Any

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils import check_array
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from reservoir.estimators._closed_loop import (
    check_context,
    check_generate,
    future_rows,
    generate_from_input,
    run_with_feedback,
)
from reservoir.estimators._input import NumberTargets
from reservoir.estimators._learning import BaseReadout
from reservoir.estimators._reservoir import Floats
from reservoir.sequences import Layout


class ESNRegressor(NumberTargets, MultiOutputMixin, RegressorMixin, BaseReadout):
    """Echo state network for regression and forecasting.

    The state of the reservoir follows

    ``x(t) = (1-a) x(t-1) + a f(W_in u(t) + W x(t-1) + W_fb y(t-1) + b)``

    from rest at the start of each sequence [1]_ [2]_; all these weights are drawn at random and
    stay. The output ``y(t)`` is a function of ``x(t)`` and ``u(t)``, linear by default, and the
    only thing that is learned.

    Parameters
    ----------
    n_units : int, default=300
        Units in each reservoir.
    n_layers : int, default=1
        Stacked reservoirs, each driven by the states of the one below; the states of all
        layers are read out.
    bidirectional : bool, default=False
        Whether a second stack runs backwards through each sequence.
    topology : str, matrix or callable, default="random"
        "random", "dense", "cycle", "cycle_jumps", "delay_line", "small_world" or "orthogonal";
        a dense or sparse matrix (n_units, n_units) used exactly as it is, in every layer; or a
        callable ``(n_units, rng) -> matrix``. See `reservoir.weights.recurrent_weights`.
    connectivity : int or float, default=10
        For "random": int, links into each unit; float, the share of all links.
    spectral_radius : float or None, default=0.9
        What a generated W is scaled to; None leaves it alone.
    leak_rate : float or array of shape (n_units,) or (n_layers, n_units), default=1.0
        a in the equation above, in (0, 1].
    input_weights : str or array of shape (n_units, n_features), default="uniform"
        "uniform", "normal", "bernoulli" or "sparse"; or a matrix used exactly as it is.
    input_scaling : float or array of shape (n_features,), default=1.0
        Factor of generated input weights; an array scales those of the first layer only.
    bias_scaling : float, default=0.0
        The bias b is uniform in ±bias_scaling. Without one a tanh network is odd, f(-u) = -f(u):
        set 0.2 or more where squares or products of the inputs matter.
    feedback : bool, default=False
        Whether the output enters the reservoir one step later: the target while fitting
        (teacher forcing), the network's own output while predicting.
    feedback_scaling : float, default=1.0
        The feedback weights are uniform in ±feedback_scaling.
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f in the equation above.
    noise : float, default=0.0
        Uniform noise in ±noise is added to the states while fitting, never while predicting.
    include_input : bool, default=True
        Whether the readout also sees the input u(t).
    readout : None or estimator, default=None
        None for ridge regression solved from accumulated statistics, which holds no more than a
        block of states at a time (with ``bidirectional``, those of a sequence); or any
        scikit-learn regressor.
    alpha : float, ndarray of shape (n_outputs,) or list of float, default=1e-6
        Penalty of the ridge readout; the intercept is not penalised. An array holds one for
        each output; from a list, generalised cross-validation chooses without running the
        reservoir again.
    warmup : int, default=0
        First rows of each sequence that the readout is not fitted to. What it then says of
        rows so soon after rest is an extrapolation, and may be far off where alpha is small:
        leave them out, give ``predict`` an ``initial_state``, or carry the state on.
    pooling : {"mean", "last"}, default="mean"
        What is read out where there is one target for each sequence: the features averaged
        over its rows after ``warmup``, or those of its last row. Of inputs symmetric about 0
        the mean tells more with a bias.
    predict_state : {"reset", "carry"}, default="reset"
        Whether ``predict`` starts each sequence from rest, or continues from the end of the
        training data: a named sequence from its own end, from rest if there was none of that
        name; sequences without names in order, as many as there were. With "carry",
        ``partial_fit`` continues likewise.
    dtype : {"float64", "float32"}, default="float64"
        Type of the states; the readout is always solved in float64.
    random_state : int, RandomState instance or None, default=None
        Seed of all random weights and of the noise.
    verbose : bool or int, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    recurrent_weights_ : csr_array or ndarray of shape (n_units, n_units)
        W; with several layers a list of matrices, here and below.
    input_weights_ : ndarray of shape (n_units, n_features)
    feedback_weights_ : ndarray of shape (n_units, n_outputs) or None
    bias_ : ndarray of shape (n_units,)
    coef_ : ndarray of shape (n_states,) or (n_outputs, n_states)
        Of the ridge readout: over the states of all layers, then the input.
    intercept_ : float or ndarray of shape (n_outputs,)
    alpha_ : float or ndarray of shape (n_outputs,)
        The penalty used.
    gcv_ : ndarray of shape (n_alphas, n_outputs) or None
        The criterion for each candidate, if ``alpha`` is a list.
    readout_ : estimator
        The fitted ``readout``, if one was given.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if X has string column names.

    See Also
    --------
    ESNTransformer : The states as features for any other estimator.
    ESNClassifier : The same network for labels.
    reservoir.ReservoirForecaster : Forecasts of a pandas series.

    Notes
    -----
    Rows are time steps in order. Several sequences come as a DataFrame with a MultiIndex, with
    ``groups``, as a 3-D array or as a list of 2-D arrays; no state leaks from one to the next.
    Targets have the form of the input, or there is one for each sequence.

    References
    ----------
    .. [1] Jaeger, H. (2001). The "echo state" approach to analysing and training recurrent
       neural networks. GMD Report 148, equations (1) and (2).
    .. [2] Jaeger, H. (2002). A tutorial on training recurrent neural networks. GMD Report 159,
       sections 3 to 7.

    Examples
    --------
    >>> from reservoir import ESNRegressor
    >>> from reservoir.datasets import make_narma
    >>> X, y = make_narma(3000, random_state=0)
    >>> esn = ESNRegressor(input_scaling=0.1, warmup=100, predict_state="carry", random_state=0)
    >>> bool(esn.fit(X[:2000], y[:2000]).score(X[2000:], y[2000:]) > 0.8)
    True
    """

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None
    ) -> "ESNRegressor":
        """Draw the weights and fit the readout.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
            Sequences; see `reservoir.sequences`.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), 3-D array or list
            Targets in the form of X, or one for each sequence. Rows whose target is NaN drive
            the network but are left out of the fit of the readout.
        groups : array-like of shape (n_rows,), optional
            The sequence that each row belongs to.
        sample_weight : array-like of shape (n_rows,) or (n_sequences,), optional
            How much each target counts; a row of weight 0 still drives the network.

        Returns
        -------
        self : ESNRegressor

        Raises
        ------
        ValueError
            If the input is of the wrong shape or not finite, or a sequence is not longer than
            ``warmup``.
        FloatingPointError
            If a state leaves the finite numbers.
        """
        return self._learn(X, y, groups, sample_weight, partial=False)

    @available_if(lambda self: self.readout is None or hasattr(self.readout, "partial_fit"))
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None
    ) -> "ESNRegressor":
        """Learn from more data; the readout is that of all data seen together.

        Sequences start from rest, or with ``predict_state="carry"`` where they ended before, so
        that a long series can be passed in blocks: rows of a memory map, the chunks of a reader.
        The ridge readout is solved when it is next used. A call that fails has learned nothing.

        Parameters
        ----------
        X, y, groups, sample_weight
            As in `fit`.

        Returns
        -------
        self : ESNRegressor

        Raises
        ------
        ValueError
            As in `fit`.
        """
        return self._learn(X, y, groups, sample_weight, partial=True)

    def predict(
        self,
        X: Any,
        *,
        groups: Any = None,
        initial_state: Any = None,
        return_state: bool = False,
    ) -> Any:
        """Return the outputs for each row, or for each sequence if it was fitted so.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
        groups : array-like of shape (n_rows,), optional
        initial_state : array-like of shape (n_state,) or (n_sequences, n_state), optional
            Where the sequences begin, as ``return_state`` returned it; overrides
            ``predict_state``.
        return_state : bool, default=False
            Whether to return the state in which each sequence ends as well.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs), 3-D array or list
            In the form of ``X``; (n_sequences,) or (n_sequences, n_outputs) where there is one
            output for each sequence.
        state : ndarray of shape (n_state,) or (n_sequences, n_state)
            The states of all units, then the last output if there is feedback. Only if
            ``return_state``.

        Raises
        ------
        FloatingPointError
            If the network, or its loop closed by feedback, diverges.

        Examples
        --------
        A stream can be predicted block by block:

        >>> import numpy as np
        >>> from reservoir import ESNRegressor
        >>> X = np.sin(np.arange(200.0))[:, None]
        >>> esn = ESNRegressor(random_state=0).fit(X[:-1], X[1:, 0])
        >>> whole = esn.predict(X)
        >>> first, state = esn.predict(X[:120], return_state=True)
        >>> rest = esn.predict(X[120:], initial_state=state)
        >>> bool(np.allclose(np.concatenate([first, rest]), whole))
        True
        """
        outputs, layout, states = self._outputs(X, groups, initial_state, streaming=return_state)
        result = self._in_form(self._with_target_ndim(outputs), layout)
        return (result, states) if return_state else result

    def generate(self, n_steps: int, *, context: Any = None, X_future: Any = None) -> Any:
        """Close the loop: continue one sequence on the network's own outputs.

        Without feedback the network must have learned to predict the next row of its own input:
        ``fit(series[:-1], series[1:])``, with further columns after those of the series if
        there are exogenous inputs. Each output is then its next input. With ``feedback=True``
        the outputs return through the feedback weights and all inputs come from ``X_future``.

        A loop that is right for one step may still drift away from the data after many. What
        helps: a bias, inputs scaled to about ±1, a ``leak_rate`` that fits the pace of the
        series, a ``warmup``, and either a larger ``alpha`` or a little ``noise``.

        Parameters
        ----------
        n_steps : int
            Steps to generate.
        context : array-like of shape (n_rows, n_features), optional
            The rows before the first step, run from rest (from the end of the training data
            with ``predict_state="carry"``). With feedback a pair (X, y), y being the outputs to
            force. None takes the training rows: then the first value is the output for the last
            of them (the last training target, if the network has learned it well) or, with
            feedback, for the row after it.
        X_future : array-like of shape (n_steps, n_columns), optional
            With feedback, all inputs of the steps to come. Without, the exogenous columns of
            the row that each generated value becomes part of: (n_steps, n_features - n_outputs).

        Returns
        -------
        y : ndarray of shape (n_steps,) or (n_steps, n_outputs)
            The outputs that follow the context: where they are the next row of the input, the
            first is the row after the last of the context.

        Raises
        ------
        ValueError
            If the outputs cannot serve as inputs, or a shape does not fit.
        FloatingPointError
            If the closed loop diverges, with the step where it left the finite numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from reservoir import ESNRegressor
        >>> wave = np.sin(0.3 * np.arange(600.0))[:, None]
        >>> esn = ESNRegressor(n_units=50, warmup=50, random_state=0)
        >>> esn = esn.fit(wave[:499], wave[1:500, 0])
        >>> ahead = esn.generate(100, context=wave[400:500])
        >>> bool(abs(ahead - wave[500:, 0]).max() < 1e-2)
        True
        """
        check_is_fitted(self)
        check_generate(n_steps, self._n_outputs, None if self.feedback else self.n_features_in_)
        if self._reservoir.backward_layers or self._per_sequence:
            raise ValueError(
                "generate needs an output at each step that does not depend on later ones; fit "
                "with bidirectional=False and one target for each row."
            )
        if self.feedback:
            outputs = self._generate_with_feedback(int(n_steps), context, X_future)
        else:
            outputs = self._generate_from_input(int(n_steps), context, X_future)
        return self._with_target_ndim(outputs)

    def _context_state(self, context: Any, teacher: Any = None) -> tuple[Floats, Floats]:
        """Return the state at the end of the context, and the features of its last row."""
        rows, layout = self._sequences(context, None, reset=False)
        check_context(layout)
        states, _ = self._begin(layout)
        for _, block in self._reservoir.harvest(rows, layout, states, teacher=teacher):
            features = block[-1:]
        return states[0], features

    def _generate_from_input(self, n_steps: int, context: Any, X_future: Any) -> Floats:
        n_features, n_outputs = self.n_features_in_, self._n_outputs
        if context is None:
            state, output = self._single_end(), self._read(self._last_features)
        else:
            state, features = self._context_state(context)
            output = self._read(features)
        names = list(getattr(self, "feature_names_in_", []))[n_outputs:]
        future = future_rows(
            X_future, n_steps, n_features - n_outputs, names, self._reservoir.dtype
        )
        output = np.reshape(output, n_outputs)
        return generate_from_input(
            self._reservoir, self._closed_readout(), state, output, future[: n_steps - 1]
        )

    def _generate_with_feedback(self, n_steps: int, context: Any, X_future: Any) -> Floats:
        if context is None:
            state = self._single_end()
        else:
            if not (isinstance(context, tuple) and len(context) == 2):
                raise ValueError(
                    "context must be a pair (X, y) with feedback=True, y being the outputs that "
                    f"are fed back, got {type(context).__name__}."
                )
            X, y = context
            teacher = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y of context")
            teacher = teacher.reshape(len(teacher), -1)
            if teacher.shape != (len(X), self._n_outputs):
                raise ValueError(
                    f"y of context must have shape ({len(X)}, {self._n_outputs}) to fit its X, "
                    f"got {teacher.shape}."
                )
            state, _ = self._context_state(X, teacher)
        if X_future is not None:
            X_future, _ = self._sequences(X_future, None, reset=False)
        future = future_rows(X_future, n_steps, self.n_features_in_, [], self._reservoir.dtype)
        layout = Layout("rows", np.array([0, n_steps]))
        return run_with_feedback(
            self._reservoir, self._closed_readout(), future, layout, state[None]
        )

    def _single_end(self) -> Floats:
        if not hasattr(self, "_final_states") or len(self._final_states) != 1:
            raise ValueError(
                f"context must be given, got None, since {len(self._final_states)} sequences "
                "were fitted and there is no single end to continue from."
            )
        return self._final_states[0].copy()
