"""Networks trained by gradient on numbers and on labels."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import check_is_fitted

from reservoir.estimators._closed_loop import (
    check_closed_loop,
    check_context,
    check_generate,
    future_rows,
)
from reservoir.estimators._input import LabelTargets, NumberTargets, warn
from reservoir.estimators._trained import BaseTrained

if TYPE_CHECKING:
    from reservoir.estimators._stream import Stream
    from reservoir.training._batches import Examples

Floats = NDArray[np.floating]

LARGE_TARGET = 20.0  # at the default rate, an output layer moves by 0.005 in an update


class TrainedRegressor(NumberTargets, MultiOutputMixin, RegressorMixin, BaseTrained):
    """A trained network for numbers."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseTrained._parameter_constraints,
        "loss": [
            StrOptions(
                {"squared_error", "absolute_error", "huber", "quantile", "binary_cross_entropy"}
            ),
            HasMethods(["__call__"]),
        ],
    }

    loss: Any

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None) -> Any:
        """Draw the weights and train them.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
            Sequences; see `reservoir.sequences`. A row for each sequence where the targets are
            whole sequences: it is the input of their first step, followed by 0.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), 3-D array or list
            Targets in the form of X, or one for each sequence; those that are NaN are left out.
        groups : array-like of shape (n_rows,), optional
            The sequence that each row belongs to.
        sample_weight : array-like of shape (n_rows,) or (n_sequences,), optional
            How much each target counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the input is of the wrong shape or not finite, or a sequence is not longer than
            ``warmup`` and ``delay``.
        FloatingPointError
            If the loss is not finite, naming epoch and batch; the network then has the last
            weights for which it was.
        KeyboardInterrupt
            After Ctrl-C, when the batch at hand is done; the network then has the weights so far.

        Warns
        -----
        UserWarning
            If targets are so large that gradients would take very long to get there.
        """
        return self._learn(X, y, groups, sample_weight)

    def _draw(self, examples: "Examples") -> None:
        largest = float(np.abs(examples.targets[examples.weight > 0]).max(initial=0))
        if largest > LARGE_TARGET:
            warn(
                f"y reaches {largest:.3g}, and networks trained by gradient learn targets of about "
                "±1; scale it, for example by TransformedTargetRegressor(..., "
                "transformer=StandardScaler())."
            )
        super()._draw(examples)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Any:
        """Train for one epoch more, on these data.

        Schedules (``learning_rate``, ``teacher_forcing``) go on from call to call; after `fit` has
        come to its end they begin anew.

        Parameters
        ----------
        X, y, groups, sample_weight
            As in `fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError, FloatingPointError
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
        n_steps: Any = None,
    ) -> Any:
        """Return the outputs for each row, or for each sequence if it was fitted so.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
        groups : array-like of shape (n_rows,), optional
        initial_state : array-like of shape (n_state,) or (n_sequences, n_state), optional
            Where the sequences begin, as ``return_state`` returned it.
        return_state : bool, default=False
            Whether to return the state in which each sequence ends as well.
        n_steps : int or array-like of shape (n_sequences,), optional
            How long the sequences shall be that are made from one input each; as long as the
            longest that was fitted by default.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs), 3-D array or list
            In the form of ``X``; (n_sequences,) or (n_sequences, n_outputs) where there is one
            output for each sequence.
        state : ndarray of shape (n_state,) or (n_sequences, n_state)
            Only if ``return_state``.

        Raises
        ------
        FloatingPointError
            If the network diverges.
        """
        self._check_returnable(return_state)
        outputs, layout, states = self._outputs(X, groups, initial_state, n_steps)
        if initial_state is None and not return_state and not self._n_steps:
            self._warn_of_single_row(layout)
        result = self._in_form(self._with_target_ndim(outputs), layout)
        return (result, states) if return_state else result

    def generate(self, n_steps: int, *, context: Any = None, X_future: Any = None) -> Any:
        """Close the loop: continue one sequence on the network's own outputs.

        The network must have learned to predict the next row of its own input:
        ``fit(series[:-1], series[1:])``, with further columns after those of the series if there
        are exogenous inputs. Each output is then its next input. A cell that feeds its outputs
        back needs no more than ``predict``, which closes that loop.

        Parameters
        ----------
        n_steps : int
            Steps to generate.
        context : array-like of shape (n_rows, n_features)
            The rows before the first step, run from the state in which sequences begin.
        X_future : array-like of shape (n_steps, n_features - n_outputs), optional
            The exogenous columns of the row that each generated value becomes part of.

        Returns
        -------
        y : ndarray of shape (n_steps,) or (n_steps, n_outputs)
            The rows that follow the context.

        Raises
        ------
        ValueError
            If the outputs cannot serve as inputs, or a shape does not fit.
        FloatingPointError
            If the closed loop diverges, with the step where it left the finite numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from reservoir import LSTMRegressor
        >>> wave = np.sin(0.3 * np.arange(600.0))[:, None]
        >>> lstm = LSTMRegressor(n_units=8, max_iter=60, learning_rate="cosine", random_state=0)
        >>> lstm = lstm.fit(wave[:499], wave[1:500, 0])
        >>> ahead = lstm.generate(50, context=wave[400:500])
        >>> bool(abs(ahead - wave[500:550, 0]).max() < 0.2)
        True
        """
        from reservoir.training.losses import BinaryCrossEntropy

        check_is_fitted(self)
        n_features, n_outputs = self.n_features_in_, self._n_outputs
        check_generate(n_steps, n_outputs, n_features)
        if self._network.cell.feeds_back:
            raise ValueError(
                "generate needs a cell that feeds no output back, got "
                f"{self._network.cell.name!r}, with which predict closes the loop."
            )
        check_streamable(self, "generate")
        if isinstance(self._loss(), BinaryCrossEntropy):
            raise ValueError(
                "generate needs outputs that are rows of the series, got logits; fit with another "
                "loss than 'binary_cross_entropy'."
            )
        if context is None:
            raise ValueError("context must hold the rows before the first step, got None.")
        outputs, layout, state = self._outputs(context, None, None)
        check_context(layout)
        names = list(getattr(self, "feature_names_in_", []))[n_outputs:]
        future = future_rows(X_future, int(n_steps), n_features - n_outputs, names, self.dtype)
        step = self._stepper(np.ravel(state))
        generated = [outputs[-1]]
        for known in future[: n_steps - 1]:
            generated.append(step(np.concatenate([generated[-1], known])).astype(np.float64))
        check_closed_loop(np.array(generated), "lower learning_rate_init or set clip_norm")
        return self._with_target_ndim(np.array(generated))

    def _stepper(self, state: Floats) -> Any:
        """Return what takes the next row of features and returns the outputs."""
        return make_stream(self, state)

    def stream(self, initial_state: Any = None) -> "Stream":
        """Return what takes one row of input after the other, at once and without checks.

        Parameters
        ----------
        initial_state : array-like of shape (n_state,), optional
            Where it begins, as ``return_state`` of `predict` returned it; where sequences begin by
            default.

        Returns
        -------
        Stream

        Examples
        --------
        >>> import numpy as np
        >>> from reservoir import RNNRegressor
        >>> X = np.sin(np.arange(100.0))[:, None]
        >>> rnn = RNNRegressor(n_units=4, max_iter=2, random_state=0).fit(X[:-1], X[1:, 0])
        >>> step = rnn.stream()
        >>> outputs = [step(row)[0] for row in X]
        >>> bool(np.allclose(outputs, rnn.predict(X), atol=1e-6))
        True
        """
        return make_stream(self, initial_state)

    def _loss(self) -> Any:
        from reservoir.training.losses import LOSSES

        if isinstance(self.loss, type):
            raise ValueError(
                f"loss must be a name or an object, got the class {self.loss.__name__}; pass an "
                "object of it."
            )
        return LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def _encode(self, targets: NDArray[Any]) -> Floats:
        if self.loss == "binary_cross_entropy" and (
            np.nanmin(targets) < 0 or np.nanmax(targets) > 1
        ):
            raise ValueError(
                "y must lie between 0 and 1 with loss='binary_cross_entropy', got values from "
                f"{np.nanmin(targets):g} to {np.nanmax(targets):g}."
            )
        return np.nan_to_num(targets.reshape(len(targets), -1), nan=0.0)

    def _score_of(self, outputs: Floats, examples: "Examples") -> float:
        from sklearn.metrics import r2_score

        some = examples.weight > 0
        if some.sum() < 2:
            return -float(np.mean((outputs[some] - examples.targets[some]) ** 2))
        return float(
            r2_score(examples.targets[some], outputs[some], sample_weight=examples.weight[some])
        )


class TrainedClassifier(LabelTargets, ClassifierMixin, BaseTrained):
    """A trained network for labels."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseTrained._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    class_weight: Any

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None) -> Any:
        """Draw the weights and train them.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
            Sequences; see `reservoir.sequences`.
        y : array-like of shape (n_rows,) or (n_sequences,), 3-D array or list
            A label for each row, in the form of X, or for each sequence.
        groups : array-like of shape (n_rows,), optional
            The sequence that each row belongs to.
        sample_weight : array-like of shape (n_rows,) or (n_sequences,), optional
            How much each label counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the input is of the wrong shape or not finite, a sequence is not longer than
            ``warmup`` and ``delay``, or there is one class only.
        FloatingPointError
            If the loss is not finite, naming epoch and batch; the network then has the last
            weights for which it was.
        KeyboardInterrupt
            After Ctrl-C, when the batch at hand is done; the network then has the weights so far.
        """
        return self._learn(X, y, groups, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        *,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> Any:
        """Train for one epoch more, on these data.

        Schedules (``learning_rate``, ``teacher_forcing``) go on from call to call; after `fit` has
        come to its end they begin anew.

        Parameters
        ----------
        X, y, groups, sample_weight
            As in `fit`.
        classes : array-like of shape (n_classes,), optional
            All labels that will ever come; in the first call, those of ``y`` by default.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As in `fit`, or if a label is not among the classes of the first call.
        FloatingPointError
            As in `fit`.
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
            Where the sequences begin, as ``return_state`` returned it.
        return_state : bool, default=False
            Whether to return the state in which each sequence ends as well.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_sequences,), 2-D array or list
        state : ndarray of shape (n_state,) or (n_sequences, n_state)
            Only if ``return_state``.
        """
        self._check_returnable(return_state)
        outputs, layout, states = self._outputs(X, groups, initial_state)
        if initial_state is None and not return_state:
            self._warn_of_single_row(layout)
        result = self._in_form(self._labels(outputs), layout)
        return (result, states) if return_state else result

    def predict_proba(self, X: Any, *, groups: Any = None, initial_state: Any = None) -> Any:
        """Return the probability of each class.

        Parameters
        ----------
        X, groups, initial_state
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes) or (n_sequences, n_classes), 3-D array or list
            In the order of ``classes_``.
        """
        outputs, layout, _ = self._outputs(X, groups, initial_state)
        return self._in_form(self._probabilities(outputs), layout)

    def _probabilities(self, outputs: Floats) -> Floats:
        if outputs.shape[1] == 1:
            outputs = np.hstack([np.zeros_like(outputs), outputs])
        return np.asarray(softmax(outputs, axis=1))

    def predict_log_proba(self, X: Any, *, groups: Any = None, initial_state: Any = None) -> Any:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X, groups, initial_state
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes) or (n_sequences, n_classes), 3-D array or list
            In the order of ``classes_``; finite where the probability itself would be 0.
        """
        outputs, layout, _ = self._outputs(X, groups, initial_state)
        if outputs.shape[1] == 1:
            outputs = np.hstack([np.zeros_like(outputs), outputs])
        return self._in_form(log_softmax(outputs, axis=1), layout)

    def stream(self, initial_state: Any = None) -> "Stream":
        """Return what takes one row of input after the other, at once and without checks.

        Its outputs are the logits of the classes, one for two classes.

        Parameters
        ----------
        initial_state : array-like of shape (n_state,), optional
            Where it begins, as ``return_state`` of `predict` returned it; where sequences begin by
            default.

        Returns
        -------
        Stream
        """
        return make_stream(self, initial_state)

    def _loss(self) -> Any:
        from reservoir.training.losses import BinaryCrossEntropy, SoftmaxCrossEntropy

        return BinaryCrossEntropy() if len(self.classes_) == 2 else SoftmaxCrossEntropy()

    def _encode(self, targets: NDArray[Any]) -> Floats:
        if self._make_cell().feeds_back:
            raise ValueError(
                f"cell must not be {self._make_cell().name!r} for a classifier, since it feeds "
                "numbers back; use a regressor with one column for each class."
            )
        coded = (targets[:, None] == self.classes_).astype(np.float64)
        return coded[:, 1:] if len(self.classes_) == 2 else coded

    def _class_factors(self, targets: NDArray[Any]) -> Floats:
        factors = class_factors(self.class_weight, targets, self.classes_)
        return np.ones(1) if factors is None else factors

    def _labels(self, outputs: Floats) -> NDArray[Any]:
        if outputs.shape[1] == 1:
            return self.classes_[(outputs[:, 0] > 0).astype(int)]
        return self.classes_[outputs.argmax(axis=1)]

    def _score_of(self, outputs: Floats, examples: "Examples") -> float:
        some = examples.weight > 0
        outputs, targets = outputs[some], examples.targets[some]
        if targets.shape[1] == 1:
            right = (outputs[:, 0] > 0) == (targets[:, 0] > 0)
        else:
            right = outputs.argmax(1) == targets.argmax(1)
        return float(np.average(right, weights=examples.weight[some]))


def class_factors(
    class_weight: Any, targets: NDArray[Any], all_classes: NDArray[Any]
) -> Floats | None:
    """Return the weight of each target by its class, or None where classes have no weights."""
    if class_weight is None:
        return None
    classes = all_classes if isinstance(class_weight, dict) else np.unique(targets)
    factors = compute_class_weight(class_weight, classes=classes, y=targets)
    found: Floats = factors[np.searchsorted(classes, targets)]
    return found


def make_stream(estimator: Any, initial_state: Any) -> "Stream":
    """Return a stream of a fitted network."""
    from reservoir.estimators._stream import Stream

    check_is_fitted(estimator)
    check_streamable(estimator, "stream")
    if initial_state is not None:
        initial_state = estimator._given_state(initial_state, 1)[0]
    weights = estimator.parameters_
    return Stream(estimator._network, weights, np.dtype(estimator.dtype), initial_state)


def check_streamable(estimator: Any, method: str) -> None:
    """Raise ValueError if outputs depend on later rows."""
    network = estimator._network
    if network.bidirectional or network.pooling or estimator.delay or estimator._n_steps:
        raise ValueError(
            f"{method} needs an output at each step that depends on no later one; fit with "
            "bidirectional=False, delay=0 and one target for each row."
        )
