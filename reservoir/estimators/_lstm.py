"""Long short-term memory, trained by gradient."""

from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval

from reservoir.estimators._trained_tasks import TrainedClassifier, TrainedRegressor


def make_lstm(estimator: Any) -> Any:
    """Return the cell that the parameters ask for."""
    from reservoir.cells import LSTM

    return LSTM(
        estimator.forget_gate, estimator.peepholes, estimator.forget_bias, estimator.longest_lag
    )


class LSTMRegressor(TrainedRegressor):
    """Long short-term memory for regression and forecasting.

    Cells whose content is written, kept and read through gates [1]_ [2]_, so that gradients
    reach far back; a linear output layer reads them. All weights are learned by backpropagation
    through time, full or truncated. There is an output for each row, for each sequence (pass one
    target for each), for a row some steps before (``delay``), or a whole sequence from one input
    (pass a row for each sequence of targets).

    Parameters
    ----------
    n_units : int, default=32
        Units in each layer and direction.
    n_layers : int, default=1
        Layers, each of which sees the outputs of the one below at every step.
    bidirectional : bool, default=False
        Whether each layer has a second half that runs backwards through each sequence.
    dropout : float, default=0.0
        Share of the outputs of each layer but the last that are set to 0 while fitting.
    forget_gate : bool, default=True
        Whether cells can forget; without this gate, as in 1997, they keep all that is written.
    peepholes : bool, default=False
        Whether gates also see the content of their cell.
    forget_bias : float, default=1.0
        What the bias of the forget gate starts from: at 1, cells begin by keeping.
    longest_lag : float or None, default=None
        The longest time, in steps and at least 3, over which something has to be remembered; sets
        the first biases so that memories last up to that (chrono initialisation), in place of
        ``forget_bias``.
    pooling : {"last", "mean"}, default="last"
        What is read out where there is one target for each sequence: the state that each direction
        ends with, or the mean over all steps.
    delay : int, default=0
        How many steps the network may wait: the output for a row is read so many steps after it,
        and each sequence is followed by as many rows of 0.
    warmup : int, default=0
        First rows of each sequence whose targets do not count.
    learn_initial_state : bool or "each", default=False
        Whether the state in which sequences begin is learned; else it is 0. "each" learns one for
        each sequence of the training data, which selects what the network does
        (``initial_states_``).
    loss : str or Loss, default="squared_error"
        "squared_error", "absolute_error", "huber", "quantile" (the median) or
        "binary_cross_entropy" (targets in [0, 1]; outputs are logits); or an object of
        `reservoir.training.losses`, such as ``Quantile(0.9)``. A mean over targets and outputs.
    solver : {"adam", "adamw", "rmsprop", "sgd"}, default="adam"
        How gradients change the weights; see `reservoir.training.optimisers`.
    alpha : float, default=0.0
        Strength of the L2 penalty ``alpha / 2 |w|²`` on weights, not on biases; with "adamw" the
        rate at which weights decay beside the gradient.
    clip_norm : float or None, default=1.0
        A gradient longer than this is scaled to it (Pascanu et al. 2013, algorithm 1).
    bptt_steps : int, "auto" or None, default="auto"
        Steps of a window, within which gradients flow back; None for whole sequences. "auto"
        takes windows of 25 to 100 steps if a sequence is longer than 200. Where there is one target
        for each sequence, whole sequences are used.
    carry_state : bool, default=True
        Whether windows come in order, each in the state in which the one before it ended; long
        sequences are cut into streams to fill a batch, elsewhere in each epoch. Else windows begin
        like sequences, and are shuffled.
    batch_size : int or "auto", default="auto"
        Sequences or windows that are learned from at once; "auto" takes up to 32, but so few that
        there are 16 updates in an epoch if that leaves 8 sequences, or one window.
    shuffle : bool, default=True
        Whether the order of sequences, or of windows, changes from epoch to epoch.
    learning_rate : str or callable, default="constant"
        "constant"; "cosine", down to 0 over ``max_iter`` epochs; "invscaling", divided by the
        number of updates to the power ``power_t``; "adaptive", divided by 5 whenever
        ``n_iter_no_change`` epochs bring no improvement; or a function of the number of epochs
        done that returns a factor.
    learning_rate_init : float, default=0.005
        The rate that the schedule begins with.
    power_t : float, default=0.5
        Exponent of "invscaling".
    momentum : float, default=0.9
        Of "sgd".
    nesterovs_momentum : bool, default=True
        Whether "sgd" uses Nesterov's momentum, not the classical one.
    beta_1, beta_2 : float, default=0.9, 0.999
        How fast "adam" and "adamw" forget gradients and their squares.
    epsilon : float, default=1e-8
        Keeps "adam", "adamw" and "rmsprop" from dividing by 0.
    max_iter : int, default=200
        Epochs at most; in each, all of the data is seen once.
    tol : float, default=1e-4
        An epoch is an improvement if the loss falls by more than this share of the best so far or,
        with ``early_stopping``, the validation score rises by more than this.
    n_iter_no_change : int, default=10
        Epochs without improvement after which training ends.
    early_stopping : bool, default=False
        Whether to hold the last part of the data back, judge each epoch by it, and keep the
        weights of the best.
    validation_fraction : float, default=0.1
        The share that is held back: the last sequences, or the last rows of a single one.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights that are there, in the same network.
    checkpoint : str, Path or None, default=None
        File to which training is saved every few seconds, and from which it goes on, with the same
        numbers as if it had not been interrupted, if it exists. A larger ``max_iter`` goes on as
        well.
    dtype : {"float32", "float64"}, default="float32"
        Type of weights and states.
    random_state : int, RandomState instance or None, default=None
        Seed of the weights, of the order of the data and of dropout. The same
        seed gives the same weights, whatever the number of threads.
    verbose : bool or int, default=False
        Whether to show a progress bar with the loss.

    Attributes
    ----------
    parameters_ : Weights
        All parameters, as a tree of named tuples of arrays: ``layers``, each with its directions,
        each with its ``cell`` and ``initial_state``; and ``output``.
    n_iter_ : int
        Epochs done.
    loss_curve_ : list of float
        The mean loss of each epoch, with the penalties.
    loss_, best_loss_ : float
        The last and the lowest of them; best_loss_ is None with ``early_stopping``.
    validation_scores_, best_validation_score_ : list of float and float
        With ``early_stopping``, R² on the data held back after each epoch; else None.
    n_outputs_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if X has string column names.

    See Also
    --------
    LSTMClassifier : The same network for labels.
    ESNRegressor : A network whose recurrent weights stay as they are drawn; much faster to fit.

    References
    ----------
    .. [1] Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation
       9, 1735-1780.
    .. [2] Gers, F., Schmidhuber, J. and Cummins, F. (2000). Learning to forget: continual
       prediction with LSTM. Neural Computation 12, 2451-2471.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir import LSTMRegressor
    >>> wave = np.sin(0.3 * np.arange(600.0))[:, None]
    >>> lstm = LSTMRegressor(n_units=8, max_iter=30, random_state=0)
    >>> lstm = lstm.fit(wave[:499], wave[1:500, 0])
    >>> bool(lstm.score(wave[:-1], wave[1:, 0]) > 0.99)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TrainedRegressor._parameter_constraints,
        "forget_gate": ["boolean"],
        "peepholes": ["boolean"],
        "forget_bias": [Interval(Real, None, None, closed="neither")],
        "longest_lag": [Interval(Real, 3, None, closed="left"), None],
    }

    teacher_forcing, vanishing_penalty = 0.0, 0.0

    def __init__(
        self,
        *,
        n_units: int = 32,
        n_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        forget_gate: bool = True,
        peepholes: bool = False,
        forget_bias: float = 1.0,
        longest_lag: float | None = None,
        pooling: str = "last",
        delay: int = 0,
        warmup: int = 0,
        learn_initial_state: bool | str = False,
        loss: Any = "squared_error",
        solver: str = "adam",
        alpha: float = 0.0,
        clip_norm: float | None = 1.0,
        bptt_steps: int | str | None = "auto",
        carry_state: bool = True,
        batch_size: int | str = "auto",
        shuffle: bool = True,
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.005,
        power_t: float = 0.5,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        checkpoint: Any = None,
        dtype: str = "float32",
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_units = n_units
        self.n_layers = n_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.forget_gate = forget_gate
        self.peepholes = peepholes
        self.forget_bias = forget_bias
        self.longest_lag = longest_lag
        self.pooling = pooling
        self.delay = delay
        self.warmup = warmup
        self.learn_initial_state = learn_initial_state
        self.loss = loss
        self.solver = solver
        self.alpha = alpha
        self.clip_norm = clip_norm
        self.bptt_steps = bptt_steps
        self.carry_state = carry_state
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
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

    def _make_cell(self) -> Any:
        return make_lstm(self)


class LSTMClassifier(TrainedClassifier):
    """Long short-term memory for classification.

    Cells whose content is written, kept and read through gates [1]_ [2]_, so that gradients
    reach far back; a linear output layer reads them and a softmax makes it probabilities. All
    weights are learned by backpropagation through time, full or truncated, from the
    cross-entropy. There is a label for each row, for each sequence (pass one for each), or for a
    row some steps before (``delay``).

    Parameters
    ----------
    n_units : int, default=32
        Units in each layer and direction.
    n_layers : int, default=1
        Layers, each of which sees the outputs of the one below at every step.
    bidirectional : bool, default=False
        Whether each layer has a second half that runs backwards through each sequence.
    dropout : float, default=0.0
        Share of the outputs of each layer but the last that are set to 0 while fitting.
    forget_gate : bool, default=True
        Whether cells can forget; without this gate, as in 1997, they keep all that is written.
    peepholes : bool, default=False
        Whether gates also see the content of their cell.
    forget_bias : float, default=1.0
        What the bias of the forget gate starts from: at 1, cells begin by keeping.
    longest_lag : float or None, default=None
        The longest time, in steps and at least 3, over which something has to be remembered; sets
        the first biases so that memories last up to that (chrono initialisation), in place of
        ``forget_bias``.
    pooling : {"last", "mean"}, default="last"
        What is read out where there is one target for each sequence: the state that each direction
        ends with, or the mean over all steps.
    delay : int, default=0
        How many steps the network may wait: the output for a row is read so many steps after it,
        and each sequence is followed by as many rows of 0.
    warmup : int, default=0
        First rows of each sequence whose targets do not count.
    learn_initial_state : bool or "each", default=False
        Whether the state in which sequences begin is learned; else it is 0. "each" learns one for
        each sequence of the training data, which selects what the network does
        (``initial_states_``).
    class_weight : dict, "balanced" or None, default=None
        Weight of each class; "balanced" makes them inversely proportional to their numbers.
    solver : {"adam", "adamw", "rmsprop", "sgd"}, default="adam"
        How gradients change the weights; see `reservoir.training.optimisers`.
    alpha : float, default=0.0
        Strength of the L2 penalty ``alpha / 2 |w|²`` on weights, not on biases; with "adamw" the
        rate at which weights decay beside the gradient.
    clip_norm : float or None, default=1.0
        A gradient longer than this is scaled to it (Pascanu et al. 2013, algorithm 1).
    bptt_steps : int, "auto" or None, default="auto"
        Steps of a window, within which gradients flow back; None for whole sequences. "auto"
        takes windows of 25 to 100 steps if a sequence is longer than 200. Where there is one target
        for each sequence, whole sequences are used.
    carry_state : bool, default=True
        Whether windows come in order, each in the state in which the one before it ended; long
        sequences are cut into streams to fill a batch, elsewhere in each epoch. Else windows begin
        like sequences, and are shuffled.
    batch_size : int or "auto", default="auto"
        Sequences or windows that are learned from at once; "auto" takes up to 32, but so few that
        there are 16 updates in an epoch if that leaves 8 sequences, or one window.
    shuffle : bool, default=True
        Whether the order of sequences, or of windows, changes from epoch to epoch.
    learning_rate : str or callable, default="constant"
        "constant"; "cosine", down to 0 over ``max_iter`` epochs; "invscaling", divided by the
        number of updates to the power ``power_t``; "adaptive", divided by 5 whenever
        ``n_iter_no_change`` epochs bring no improvement; or a function of the number of epochs
        done that returns a factor.
    learning_rate_init : float, default=0.005
        The rate that the schedule begins with.
    power_t : float, default=0.5
        Exponent of "invscaling".
    momentum : float, default=0.9
        Of "sgd".
    nesterovs_momentum : bool, default=True
        Whether "sgd" uses Nesterov's momentum, not the classical one.
    beta_1, beta_2 : float, default=0.9, 0.999
        How fast "adam" and "adamw" forget gradients and their squares.
    epsilon : float, default=1e-8
        Keeps "adam", "adamw" and "rmsprop" from dividing by 0.
    max_iter : int, default=200
        Epochs at most; in each, all of the data is seen once.
    tol : float, default=1e-4
        An epoch is an improvement if the loss falls by more than this share of the best so far or,
        with ``early_stopping``, the validation score rises by more than this.
    n_iter_no_change : int, default=10
        Epochs without improvement after which training ends.
    early_stopping : bool, default=False
        Whether to hold the last part of the data back, judge each epoch by it, and keep the
        weights of the best.
    validation_fraction : float, default=0.1
        The share that is held back: the last sequences, or the last rows of a single one.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights that are there, in the same network.
    checkpoint : str, Path or None, default=None
        File to which training is saved every few seconds, and from which it goes on, with the same
        numbers as if it had not been interrupted, if it exists. A larger ``max_iter`` goes on as
        well.
    dtype : {"float32", "float64"}, default="float32"
        Type of weights and states.
    random_state : int, RandomState instance or None, default=None
        Seed of the weights, of the order of the data and of dropout. The same
        seed gives the same weights, whatever the number of threads.
    verbose : bool or int, default=False
        Whether to show a progress bar with the loss.

    Attributes
    ----------
    parameters_ : Weights
        All parameters, as a tree of named tuples of arrays: ``layers``, each with its directions,
        each with its ``cell`` and ``initial_state``; and ``output``.
    n_iter_ : int
        Epochs done.
    loss_curve_ : list of float
        The mean loss of each epoch, with the penalties.
    loss_, best_loss_ : float
        The last and the lowest of them; best_loss_ is None with ``early_stopping``.
    validation_scores_, best_validation_score_ : list of float and float
        With ``early_stopping``, the share of right labels on the data held back after each
        epoch; else None.
    classes_ : ndarray of shape (n_classes,)
    n_outputs_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if X has string column names.

    See Also
    --------
    LSTMRegressor : The same network for numbers.
    ESNClassifier : A network whose recurrent weights stay as they are drawn; much faster to fit.

    References
    ----------
    .. [1] Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation
       9, 1735-1780.
    .. [2] Gers, F., Schmidhuber, J. and Cummins, F. (2000). Learning to forget: continual
       prediction with LSTM. Neural Computation 12, 2451-2471.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir import LSTMClassifier
    >>> t = np.arange(30)
    >>> slow = [np.sin(0.2 * t + phase)[:, None] for phase in range(8)]
    >>> fast = [np.sin(0.6 * t + phase)[:, None] for phase in range(8)]
    >>> lstm = LSTMClassifier(n_units=8, max_iter=60, random_state=0)
    >>> lstm = lstm.fit(slow + fast, ["slow"] * 8 + ["fast"] * 8)
    >>> lstm.predict([np.sin(0.6 * t + 0.5)[:, None]])
    array(['fast'], dtype='<U4')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TrainedClassifier._parameter_constraints,
        "forget_gate": ["boolean"],
        "peepholes": ["boolean"],
        "forget_bias": [Interval(Real, None, None, closed="neither")],
        "longest_lag": [Interval(Real, 3, None, closed="left"), None],
    }

    teacher_forcing, vanishing_penalty = 0.0, 0.0

    def __init__(
        self,
        *,
        n_units: int = 32,
        n_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        forget_gate: bool = True,
        peepholes: bool = False,
        forget_bias: float = 1.0,
        longest_lag: float | None = None,
        pooling: str = "last",
        delay: int = 0,
        warmup: int = 0,
        learn_initial_state: bool | str = False,
        class_weight: Any = None,
        solver: str = "adam",
        alpha: float = 0.0,
        clip_norm: float | None = 1.0,
        bptt_steps: int | str | None = "auto",
        carry_state: bool = True,
        batch_size: int | str = "auto",
        shuffle: bool = True,
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.005,
        power_t: float = 0.5,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        checkpoint: Any = None,
        dtype: str = "float32",
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_units = n_units
        self.n_layers = n_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.forget_gate = forget_gate
        self.peepholes = peepholes
        self.forget_bias = forget_bias
        self.longest_lag = longest_lag
        self.pooling = pooling
        self.delay = delay
        self.warmup = warmup
        self.learn_initial_state = learn_initial_state
        self.class_weight = class_weight
        self.solver = solver
        self.alpha = alpha
        self.clip_norm = clip_norm
        self.bptt_steps = bptt_steps
        self.carry_state = carry_state
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
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

    def _make_cell(self) -> Any:
        return make_lstm(self)
