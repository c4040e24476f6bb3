"""The reservoir as a transformer: sequences in, states out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import TransformerMixin, _fit_context
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from reservoir.estimators._base import BaseEchoState, as_returned_state
from reservoir.estimators._reservoir import Floats
from reservoir.sequences import Layout


class ESNTransformer(TransformerMixin, BaseEchoState):
    """Drive a reservoir by sequences and return its states as features.

    The state of the reservoir follows

    ``x(t) = (1-a) x(t-1) + a f(W_in u(t) + W x(t-1) + b)``

    from rest at the start of each sequence [1]_. Rows are time steps: use it where their order
    is kept, in a Pipeline before any regressor or classifier.

    Parameters
    ----------
    n_units : int, default=300
        Units in each reservoir.
    n_layers : int, default=1
        Stacked reservoirs, each driven by the states of the one below; the features are the
        states of all layers.
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
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f in the equation above.
    noise : float, default=0.0
        Uniform noise in ±noise is added to the states in ``fit_transform``, never in
        ``transform``.
    include_input : bool, default=True
        Whether the input follows the states in the features.
    predict_state : {"reset", "carry"}, default="reset"
        Whether ``transform`` starts each sequence from rest or continues from the end of the
        data seen in ``fit``: a named sequence from its own end, from rest if there was none of
        that name; sequences without names in order, as many as there were.
    dtype : {"float64", "float32"}, default="float64"
        Type of the states.
    random_state : int, RandomState instance or None, default=None
        Seed of all random weights.
    verbose : bool or int, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    recurrent_weights_ : csr_array or ndarray of shape (n_units, n_units)
        W; with several layers a list of matrices, here and below.
    input_weights_ : ndarray of shape (n_units, n_features)
    bias_ : ndarray of shape (n_units,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if X has string column names.

    Raises
    ------
    FloatingPointError
        If a state leaves the finite numbers.

    References
    ----------
    .. [1] Jaeger, H., Lukoševičius, M., Popovici, D. and Siewert, U. (2007). Optimization and
       applications of echo state networks with leaky-integrator neurons. Neural Networks 20,
       335-352, equation (2), with discrete steps.

    Examples
    --------
    >>> from reservoir import ESNTransformer
    >>> from reservoir.datasets import make_timer
    >>> X, y = make_timer(500, hold=10, random_state=0)
    >>> ESNTransformer(n_units=50, random_state=0).fit_transform(X).shape
    (500, 52)
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, *, groups: Any = None) -> "ESNTransformer":
        """Draw the weights, and see where the sequences end if that is to be carried on.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
            Sequences; see `reservoir.sequences`.
        y : Ignored
        groups : array-like of shape (n_rows,), optional
            The sequence that each row belongs to.

        Returns
        -------
        self : ESNTransformer
        """
        self._forget()
        rows, layout = self._sequences(X, groups, reset=True)
        self._draw_reservoir(rows.shape[1])
        if self.predict_state == "carry":
            states = self._reservoir.rest(layout.n_sequences)
            for _ in self._reservoir.harvest(rows, layout, states):
                pass
            self._remember(layout, states, layout.lengths)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None, *, groups: Any = None) -> Any:
        """Draw the weights and return the features of ``X``, each sequence from rest.

        Parameters
        ----------
        X, y, groups
            As in `fit`.

        Returns
        -------
        features : ndarray of shape (n_rows, n_features_out), 3-D array or list
            In the form of ``X``.
        """
        self._forget()
        rows, layout = self._sequences(X, groups, reset=True)
        self._check_container(layout)
        self._draw_reservoir(rows.shape[1])
        states = self._reservoir.rest(layout.n_sequences)
        features = self._collect(rows, layout, states, self.noise)
        self._remember(layout, states, layout.lengths)
        return layout.restore(features)

    def transform(
        self,
        X: Any,
        *,
        groups: Any = None,
        initial_state: Any = None,
        return_state: bool = False,
    ) -> Any:
        """Return the states, and the input if it is included, for each row.

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
        features : ndarray of shape (n_rows, n_features_out), 3-D array or list
            In the form of ``X``.
        state : ndarray of shape (n_state,) or (n_sequences, n_state)
            Only if ``return_state``.
        """
        check_is_fitted(self)
        rows, layout = self._sequences(X, groups, reset=False)
        self._check_container(layout)
        states, _ = self._begin(layout, initial_state)
        features = layout.restore(self._collect(rows, layout, states, 0.0))
        return (features, as_returned_state(states, layout)) if return_state else features

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Name the features: ``unit0`` ..., those of several layers as ``layer1_unit0``.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the inputs; those seen in `fit` by default.

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        inputs = _check_feature_names_in(self, input_features)
        directions = ["", "backward_"] if self._reservoir.backward_layers else [""]
        names = [
            f"{direction}{f'layer{depth}_' if len(self._reservoir.layers) > 1 else ''}unit{i}"
            for direction in directions
            for depth, layer in enumerate(self._reservoir.layers)
            for i in range(layer.n_units)
        ]
        return np.array(names + list(inputs) * self._reservoir.include_input, dtype=object)

    def _check_container(self, layout: Layout) -> None:
        container = _get_output_config("transform", self)["dense"]
        if layout.form != "rows" and container != "default":
            raise ValueError(
                f"set_output(transform={container!r}) needs rows, got a list or a 3-D array; pass "
                "a DataFrame whose MultiIndex names the sequences."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = [self.dtype]
        return tags

    def _collect(self, rows: Floats, layout: Layout, states: Floats, noise: float) -> Floats:
        from tqdm import tqdm

        collected = np.empty((layout.n_rows, self._reservoir.n_features), self._reservoir.dtype)
        blocks = self._reservoir.harvest(
            rows, layout, states, noise=noise, rngs=self._noise_rngs, out=collected
        )
        with tqdm(total=layout.n_rows, disable=not self.verbose, unit="row") as progress:
            for _, features in blocks:
                progress.update(len(features))
        return collected
