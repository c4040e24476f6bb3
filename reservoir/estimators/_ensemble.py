"""Several networks that differ by their seeds, and answer together."""

import copy
from collections.abc import Callable, Iterable
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    MultiOutputMixin,
    RegressorMixin,
    _fit_context,
    clone,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from reservoir import weights
from reservoir.estimators._base import BaseEchoState
from reservoir.estimators._classifier import ESNClassifier
from reservoir.estimators._input import LabelTargets, NumberTargets, warn
from reservoir.estimators._regressor import ESNRegressor
from reservoir.sequences import Layout, stack

Floats = NDArray[np.floating]

LARGEST_SEED = np.iinfo(np.int32).max


class BaseEnsemble(MetaEstimatorMixin, BaseEstimator):
    """Clones of one network, each with a seed of its own."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [None, HasMethods(["fit", "predict", "get_params"])],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _kind: ClassVar[Any]  # the class of networks that it takes
    estimators_: list[Any]

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.random_state = random_state
        self.verbose = verbose

    def _default(self) -> Any:
        """Return the network where none is given."""
        raise TypeError("each kind of ensemble has its own default")

    def _network(self) -> Any:
        return self._default() if self.estimator is None else self.estimator

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None) -> Any:
        """Draw the networks and fit each.

        Parameters
        ----------
        X, y, groups, sample_weight
            As in the ``fit`` of the networks.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If ``estimator`` is no network of this package, or as in its ``fit``.
        FloatingPointError
            If a network diverges; those that were done by then are the ensemble.
        KeyboardInterrupt
            After Ctrl-C; the networks that were done by then are the ensemble.
        """
        named = _given(groups=groups, sample_weight=sample_weight)
        return self._learn(lambda member: member.fit(X, y, **named))

    @property
    def n_features_in_(self) -> int:
        """Number of features seen in `fit`."""
        return int(self._first().n_features_in_)

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """Names of the features, if X had string column names."""
        return np.asarray(self._first().feature_names_in_)

    @property
    def _per_sequence(self) -> bool:
        return bool(self._first()._per_sequence)

    @property
    def _n_outputs(self) -> int:
        return int(self._first()._n_outputs)

    def _first(self) -> Any:
        if "estimators_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} is not fitted yet.")
        return self.estimators_[0]

    def _learn(self, learn: Callable[[Any], Any]) -> Any:
        """Draw networks and let each learn; keep those that have where one of them stops."""
        self.__dict__.pop("estimators_", None)
        learned: list[Any] = []
        members = self._draw()
        try:
            for member in self._in_turn(members):
                learn(member)
                learned.append(member)
        except (KeyboardInterrupt, FloatingPointError):
            if learned:
                self.estimators_ = learned
                warn(f"The ensemble has the first {len(learned)} of {len(members)} networks.")
            raise
        self.estimators_ = learned
        return self

    def _learn_more(self, learn: Callable[[Any], Any]) -> Any:
        if not self.__sklearn_is_fitted__():
            return self._learn(learn)
        members = copy.deepcopy(self.estimators_)  # all of them learn it, or none
        for member in self._in_turn(members):
            learn(member)
        self.estimators_ = members
        return self

    def _in_turn(self, members: list[Any]) -> Iterable[Any]:
        progress: Iterable[Any] = tqdm(members, disable=not self.verbose, unit="network")
        return progress

    def _draw(self) -> list[Any]:
        network = self._network()
        if not isinstance(network, self._kind) or "random_state" not in network.get_params():
            raise ValueError(
                "estimator must be an echo state network or one trained by gradient of this "
                f"package, such as {self._default()!r}, got {network!r}; a pipeline goes "
                "around the ensemble, not into it."
            )
        if self._kind is LabelTargets and not hasattr(network, "predict_proba"):
            raise ValueError(
                f"estimator must have predict_proba, got {network!r}; use another readout."
            )
        clone(network)._validate_params()
        if isinstance(network, BaseEchoState) and not _draws(network):
            raise ValueError(
                "estimator must leave something to be drawn, got links and input weights that are "
                "all given, without bias or noise: its networks would be one and the same."
            )
        seeds = check_random_state(self.random_state).randint(LARGEST_SEED, size=self.n_estimators)
        members = [clone(network).set_params(random_state=int(seed)) for seed in seeds]
        shared = self._shared_weights(network, int(seeds[0]))
        for number, member in enumerate(members):
            member.set_params(**shared)
            if getattr(network, "checkpoint", None) is not None:
                member.set_params(checkpoint=f"{network.checkpoint}.{number}")
        return members

    def _shared_weights(self, network: Any, seed: int) -> dict[str, Any]:
        """Return the parameter that gives all reservoirs one recurrent matrix, if they can."""
        if (
            not isinstance(network, BaseEchoState)
            or not isinstance(network.topology, str)
            or not isinstance(network.input_weights, str)
            or network.n_layers > 1
            or network.bidirectional
            or self.n_estimators == 1
        ):
            return {}
        return {
            "topology": weights.recurrent_weights(
                network.n_units,
                topology=network.topology,
                connectivity=network.connectivity,
                spectral_radius=network.spectral_radius,
                random_state=seed,
            )
        }

    def _of_members(self, method: str, *arguments: Any, **named: Any) -> Any:
        """Return what all members say: an array (n_estimators, ...), or a list of such arrays."""
        check_is_fitted(self)
        answers = [getattr(each, method)(*arguments, **named) for each in self.estimators_]
        if isinstance(answers[0], list):
            return [np.stack(parts) for parts in zip(*answers, strict=True)]
        return np.stack(answers)

    def __sklearn_is_fitted__(self) -> bool:
        return "estimators_" in self.__dict__


class EnsembleRegressor(NumberTargets, MultiOutputMixin, RegressorMixin, BaseEnsemble):
    """Mean of several networks that differ by their seeds.

    The mean of networks errs less than they do: what the drawn weights do to each is no error
    that all have. How far they disagree tells how far to trust them [1]_.

    Echo state networks of one layer and one direction whose weights are all drawn share one
    recurrent matrix: links are drawn, and their spectral radius is computed, once. Each has input
    weights and biases of its own, which makes it another network; the same matrix with its units
    renamed would do as well.

    Parameters
    ----------
    estimator : regressor or None, default=None
        The network, with a parameter ``random_state``; None takes ``ESNRegressor()``.
    n_estimators : int, default=10
        How many networks.
    random_state : int, RandomState instance or None, default=None
        What their seeds are drawn from; that of ``estimator`` does not matter.
    verbose : bool or int, default=False
        Whether to show a progress bar over networks.

    Attributes
    ----------
    estimators_ : list of regressor
        The fitted networks.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if X has string column names.

    See Also
    --------
    EnsembleClassifier : The same for labels.
    reservoir.model_selection.ESNSearchCV : Many settings of one network.

    References
    ----------
    .. [1] Hansen, L. K. and Salamon, P. (1990). Neural network ensembles. IEEE Transactions on
       Pattern Analysis and Machine Intelligence 12, 993-1001.

    Examples
    --------
    >>> from reservoir import ESNRegressor, EnsembleRegressor
    >>> from reservoir.datasets import make_narma
    >>> X, y = make_narma(2000, random_state=0)
    >>> esn = ESNRegressor(
    ...     n_units=50, input_scaling=0.1, warmup=100, predict_state="carry", random_state=0
    ... )
    >>> one = esn.fit(X[:1500], y[:1500]).score(X[1500:], y[1500:])
    >>> ensemble = EnsembleRegressor(esn, random_state=0).fit(X[:1500], y[:1500])
    >>> bool(ensemble.score(X[1500:], y[1500:]) > one)
    True
    """

    _kind = NumberTargets

    def _default(self) -> Any:
        return ESNRegressor()

    @available_if(lambda self: hasattr(self._network(), "partial_fit"))
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None
    ) -> "EnsembleRegressor":
        """Let each network learn from more data; where one cannot, none has.

        Parameters
        ----------
        X, y, groups, sample_weight
            As in the ``partial_fit`` of the networks.

        Returns
        -------
        self : EnsembleRegressor
        """
        named = _given(groups=groups, sample_weight=sample_weight)
        return self._learn_more(lambda member: member.partial_fit(X, y, **named))

    def predict(self, X: Any, *, groups: Any = None, return_std: bool = False) -> Any:
        """Return the mean of what the networks predict.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
        groups : array-like of shape (n_rows,), optional
        return_std : bool, default=False
            Whether to return the standard deviation among the networks as well: what the weights
            do that are drawn for each, not what noise in the data does.

        Returns
        -------
        y : ndarray or list of ndarray
            In the form of ``X``, as each network returns it.
        std : ndarray or list of ndarray
            In the form of y. Only if ``return_std``.
        """
        answers = self._of_members("predict", X, **_given(groups=groups))
        mean = _over_members(np.mean, answers)
        return (mean, _over_members(np.std, answers)) if return_std else mean

    @available_if(lambda self: hasattr(self._network(), "generate"))
    def generate(
        self,
        n_steps: int,
        *,
        context: Any = None,
        X_future: Any = None,
        return_std: bool = False,
    ) -> Any:
        """Let each network continue a sequence on its own outputs, and return the mean.

        Parameters
        ----------
        n_steps, context, X_future
            As in the ``generate`` of the networks.
        return_std : bool, default=False
            Whether to return the standard deviation among the networks as well, which grows where
            their loops drift apart.

        Returns
        -------
        y : ndarray of shape (n_steps,) or (n_steps, n_outputs)
        std : ndarray
            In the shape of y. Only if ``return_std``.

        Raises
        ------
        FloatingPointError
            If one of the loops diverges.
        """
        loops = self._of_members("generate", n_steps, context=context, X_future=X_future)
        return (loops.mean(axis=0), loops.std(axis=0)) if return_std else loops.mean(axis=0)

    def predict_members(self, X: Any, *, groups: Any = None) -> Any:
        """Return what each network predicts.

        Parameters
        ----------
        X, groups
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_estimators, ...) or list of such ndarray
            In the form of ``X``, with the networks before all else.
        """
        return self._of_members("predict", X, **_given(groups=groups))

    def _outputs_as(self, y: Any, X: Any, groups: Any) -> tuple[Floats, Layout]:
        check_is_fitted(self)
        answers = [member._outputs_as(y, X, groups) for member in self.estimators_]
        return np.mean([outputs for outputs, _ in answers], axis=0), answers[0][1]


class EnsembleClassifier(LabelTargets, ClassifierMixin, BaseEnsemble):
    """Mean of the probabilities of several networks that differ by their seeds.

    Echo state networks share one recurrent matrix where they do in `EnsembleRegressor`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        The network, with a parameter ``random_state``; None takes ``ESNClassifier()``.
    n_estimators : int, default=10
        How many networks.
    random_state : int, RandomState instance or None, default=None
        What their seeds are drawn from; that of ``estimator`` does not matter.
    verbose : bool or int, default=False
        Whether to show a progress bar over networks.

    Attributes
    ----------
    estimators_ : list of classifier
        The fitted networks.
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if X has string column names.

    See Also
    --------
    EnsembleRegressor : The same for numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir import ESNClassifier, EnsembleClassifier
    >>> rng = np.random.default_rng(0)
    >>> sequences = [rng.normal(size=(n, 2)).cumsum(axis=0) for n in (80, 120, 60, 100)]
    >>> labels = ["up" if s[-1, 0] > 0 else "down" for s in sequences]
    >>> ensemble = EnsembleClassifier(ESNClassifier(n_units=50), n_estimators=3, random_state=0)
    >>> ensemble.fit(sequences, labels).predict_proba(sequences).shape
    (4, 2)
    """

    _kind = LabelTargets

    def _default(self) -> Any:
        return ESNClassifier()

    @property
    def classes_(self) -> NDArray[Any]:  # type: ignore[override]
        """The labels, sorted."""
        return np.asarray(self._first().classes_)

    @available_if(lambda self: hasattr(self._network(), "partial_fit"))
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        *,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> "EnsembleClassifier":
        """Let each network learn from more data; where one cannot, none has.

        Parameters
        ----------
        X, y, classes, groups, sample_weight
            As in the ``partial_fit`` of the networks.

        Returns
        -------
        self : EnsembleClassifier
        """
        named = _given(groups=groups, sample_weight=sample_weight)
        return self._learn_more(lambda member: member.partial_fit(X, y, classes, **named))

    def predict(self, X: Any, *, groups: Any = None) -> Any:
        """Return the label of the highest mean probability for each row, or for each sequence.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
        groups : array-like of shape (n_rows,), optional

        Returns
        -------
        ndarray of shape (n_rows,) or (n_sequences,), 2-D array or list
        """
        probabilities = self.predict_proba(X, groups=groups)
        if isinstance(probabilities, list):
            return [self._labels(each) for each in probabilities]
        return self._labels(probabilities)

    def predict_proba(self, X: Any, *, groups: Any = None) -> Any:
        """Return the mean probability of each class.

        Parameters
        ----------
        X, groups
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes) or (n_sequences, n_classes), 3-D array or list
            In the order of ``classes_``.
        """
        answers = self._of_members("predict_proba", X, **_given(groups=groups))
        return _over_members(np.mean, answers)

    def predict_log_proba(self, X: Any, *, groups: Any = None) -> Any:
        """Return the logarithm of the mean probability of each class.

        Parameters
        ----------
        X, groups
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes) or (n_sequences, n_classes), 3-D array or list
            In the order of ``classes_``.
        """
        probabilities = self.predict_proba(X, groups=groups)
        with np.errstate(divide="ignore"):  # -inf where all networks rule a class out
            if isinstance(probabilities, list):
                return [np.log(each) for each in probabilities]
            return np.log(probabilities)

    def _outputs_as(self, y: Any, X: Any, groups: Any) -> tuple[Floats, Layout]:
        probabilities = self.predict_proba(X, groups=groups)
        _, layout = stack(X, groups)
        if self._per_sequence:
            return probabilities, layout
        if layout.form == "rows":
            return layout.gather(probabilities), layout
        return np.concatenate(list(probabilities)), layout

    def _labels(self, outputs: Floats) -> NDArray[Any]:
        return self.classes_[outputs.argmax(axis=-1)]


def _draws(network: BaseEchoState) -> bool:
    """Whether two seeds make two networks of it."""
    return bool(
        isinstance(network.topology, str)
        or callable(network.topology)
        or isinstance(network.input_weights, str)
        or network.bias_scaling
        or network.noise
        or getattr(network, "feedback", False)
        or network.n_layers > 1
    )


def _given(**named: Any) -> dict[str, Any]:
    """Return the arguments that are not None: not every estimator takes them."""
    return {name: value for name, value in named.items() if value is not None}


def _over_members(function: Callable[..., Floats], answers: Any) -> Any:
    """Return a function over the first axis of an array, or of each array of a list."""
    if isinstance(answers, list):
        return [function(each, axis=0) for each in answers]
    return function(answers, axis=0)
