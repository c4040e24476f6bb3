"""Echo state network for classification."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils.metaestimators import available_if

from reservoir.estimators._closed_loop import Readout
from reservoir.estimators._input import LabelTargets
from reservoir.estimators._learning import BaseReadout
from reservoir.estimators._reservoir import Floats


class ESNClassifier(LabelTargets, ClassifierMixin, BaseReadout):
    """Echo state network for classification, a label for each row or for each sequence.

    The state of the reservoir follows

    ``x(t) = (1-a) x(t-1) + a f(W_in u(t) + W x(t-1) + W_fb y(t-1) + b)``

    from rest at the start of each sequence [1]_. The ridge readout is fitted to one column for
    each class, 1 where a label is of that class and 0 elsewhere; its outputs estimate the
    probabilities of the classes.

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
        scikit-learn classifier.
    alpha : float or list of float, default=1e-6
        Penalty of the ridge readout; the intercept is not penalised. From a list, generalised
        cross-validation chooses one for all classes, without running the reservoir again.
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
    coef_ : ndarray of shape (n_classes, n_states)
        Of the ridge readout: over the states of all layers, then the input.
    intercept_ : ndarray of shape (n_classes,)
    alpha_ : float or ndarray of shape (n_classes,)
        The penalty used.
    gcv_ : ndarray of shape (n_alphas, n_classes) or None
        The criterion for each candidate, if ``alpha`` is a list.
    readout_ : estimator
        The fitted ``readout``, if one was given.
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if X has string column names.

    See Also
    --------
    ESNRegressor : The same network for numbers.

    References
    ----------
    .. [1] Jaeger, H., Lukoševičius, M., Popovici, D. and Siewert, U. (2007). Optimization and
       applications of echo state networks with leaky-integrator neurons. Neural Networks 20,
       335-352, sections 2 and 6.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir import ESNClassifier
    >>> t = np.arange(50)
    >>> slow = [np.sin(0.2 * t + phase)[:, None] for phase in range(5)]
    >>> fast = [np.sin(0.4 * t + phase)[:, None] for phase in range(5)]
    >>> esn = ESNClassifier(n_units=50, leak_rate=0.3, bias_scaling=1.0, random_state=0)
    >>> esn = esn.fit(slow + fast, ["slow"] * 5 + ["fast"] * 5)
    >>> esn.predict([np.sin(0.4 * t + 0.5)[:, None]])
    array(['fast'], dtype='<U4')
    """

    _alpha_per_target = False  # so that the outputs of the classes sum to 1

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None
    ) -> "ESNClassifier":
        """Draw the weights and fit the readout.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
            Sequences; see `reservoir.sequences`.
        y : array-like of shape (n_rows,) or (n_sequences,), 3-D array or list
            A label for each row, in the form of X, or for each sequence.
        groups : array-like of shape (n_rows,), optional
            The sequence that each row belongs to.
        sample_weight : array-like of shape (n_rows,) or (n_sequences,), optional
            How much each label counts; a row of weight 0 still drives the network.

        Returns
        -------
        self : ESNClassifier

        Raises
        ------
        ValueError
            If the input is of the wrong shape or not finite, a sequence is not longer than
            ``warmup``, or there is one class only.
        FloatingPointError
            If a state leaves the finite numbers.
        """
        return self._learn(X, y, groups, sample_weight, partial=False)

    @available_if(lambda self: self.readout is None or hasattr(self.readout, "partial_fit"))
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        *,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> "ESNClassifier":
        """Learn from more data; the readout is that of all data seen together.

        Sequences start from rest, or with ``predict_state="carry"`` where they ended before.

        Parameters
        ----------
        X, y, groups, sample_weight
            As in `fit`.
        classes : array-like of shape (n_classes,), optional
            All labels that will ever come; in the first call, those of ``y`` by default.

        Returns
        -------
        self : ESNClassifier

        Raises
        ------
        ValueError
            As in `fit`, or if a label is not among the classes of the first call.
        """
        with self._knowing(classes):
            return self._learn(X, y, groups, sample_weight, partial=True)

    def predict(
        self,
        X: Any,
        *,
        groups: Any = None,
        initial_state: Any = None,
        return_state: bool = False,
    ) -> Any:
        """Return the label of each row, or of each sequence if it was fitted so.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
        groups : array-like of shape (n_rows,), optional
        initial_state : array-like of shape (n_state,) or (n_sequences, n_state), optional
            Where the sequences begin; overrides ``predict_state``.
        return_state : bool, default=False
            Whether to return the state in which each sequence ends as well.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_sequences,), 2-D array or list
        state : ndarray of shape (n_state,) or (n_sequences, n_state)
            Only if ``return_state``.
        """
        outputs, layout, states = self._outputs(X, groups, initial_state, streaming=return_state)
        labels = self._labels(outputs)
        result = self._in_form(labels, layout)
        return (result, states) if return_state else result

    @available_if(lambda self: self.readout is None or hasattr(self.readout, "predict_proba"))
    def predict_proba(self, X: Any, *, groups: Any = None, initial_state: Any = None) -> Any:
        """Return the probability of each class.

        Those of the ridge readout are its least-squares estimates, cut off at 0 and scaled to
        sum to 1.

        Parameters
        ----------
        X, groups, initial_state
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes) or (n_sequences, n_classes), 3-D array or list
            In the order of ``classes_``.
        """
        outputs, layout, _ = self._outputs(X, groups, initial_state, "predict_proba")
        return self._in_form(self._probabilities(outputs), layout)

    def _probabilities(self, outputs: Floats) -> Floats:
        if self.readout is not None:
            return outputs
        outputs = np.maximum(outputs, 0)
        return outputs / outputs.sum(axis=1, keepdims=True)

    def _start(self, rows: Floats, targets: NDArray[Any], per_sequence: bool) -> None:
        if isinstance(self.alpha, np.ndarray) and self.alpha.ndim:
            raise ValueError(
                "alpha must be a number or a list of candidates for a classifier, got an array; "
                "with a penalty for each class the outputs are no probabilities."
            )
        super()._start(rows, targets, per_sequence)

    def _kind_of_targets(self) -> tuple[Any, ...]:
        return (*super()._kind_of_targets(), tuple(self.classes_.tolist()))

    def _read(self, features: Floats, method: str = "predict") -> NDArray[Any]:
        outputs = super()._read(features, method)
        if self.readout is None or method != "predict_proba":
            return outputs
        placed = np.zeros((len(outputs), len(self.classes_)))  # a class may lie in the warm-up
        placed[:, np.searchsorted(self.classes_, self.readout_.classes_)] = outputs
        return placed

    def _labels(self, outputs: NDArray[Any]) -> NDArray[Any]:
        scored = self.readout is None or self.feedback
        return self.classes_[outputs.argmax(axis=1)] if scored else outputs

    def _closed_readout(self) -> Readout:
        if self.readout is None:
            return super()._closed_readout()
        return Readout(lambda features: self._read(features, "predict_proba"))

    def _encode(self, targets: NDArray[Any]) -> Floats:
        return (targets[:, None] == self.classes_).astype(np.float64)

    def _partial_arguments(self) -> dict[str, Any]:
        return {"classes": self.classes_}
