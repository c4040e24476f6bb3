"""One readout for many sequences on many machines, and a grid search there, with Dask."""

# %% Sequences are read by the machine that fits them: only statistics of their states travel
import copy
import sys

import joblib
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from reservoir import ESNRegressor
from reservoir.datasets import make_lorenz
from reservoir.metrics import nrmse

N_SEQUENCES, PER_PARTITION = 128, 4


def read(numbers):
    """Return runs of the Lorenz system: x, seen through noise, and z, which stays hidden.

    This stands in for files. What a number gives depends on nothing else, so that the sequences
    of a worker that was lost are the same when another one reads them.
    """
    inputs, targets = [], []
    for number in numbers:
        rng = np.random.default_rng(number)
        x, _, z = make_lorenz(int(rng.integers(100, 300)), warmup=250, random_state=rng).T
        inputs.append((x / 20 + rng.normal(0, 0.1, len(x)))[:, None])
        targets.append(z)
    return inputs, targets


def fit_partition(numbers, network):
    """Fit a clone; its integer random_state draws the same weights on every worker."""
    return clone(network).fit(*read(numbers))


def merge_pair(first, second):
    """Merge into a copy: whoever else holds the first, Dask or you, must find it as it was."""
    return copy.copy(first).merge(second)


# %% A tree: each level has half as many networks, and each has learned from twice as much
def fit_in_tree(client, network):
    """Return the first network of each level; that of the last level has learned from all."""
    starts = range(0, N_SEQUENCES, PER_PARTITION)
    partitions = [range(start, start + PER_PARTITION) for start in starts]
    level = client.map(fit_partition, partitions, network=network)
    firsts = [level[0]]
    while len(level) > 1:  # the number of partitions is a power of two
        level = client.map(merge_pair, level[::2], level[1::2])
        firsts.append(level[0])
    return client.gather(firsts)


# %% How well z is told from x in sequences that none has seen
def draw(networks, picture):
    X, y = read(range(N_SEQUENCES, N_SEQUENCES + 32))
    outputs = [network.predict(X) for network in networks]
    errors = [nrmse(np.concatenate(y), np.concatenate(output)) for output in outputs]
    counts = PER_PARTITION * 2 ** np.arange(len(networks))
    print(f"NRMSE after {counts[0]} sequences {errors[0]:.3f}, after {counts[-1]} {errors[-1]:.3f}")

    figure, (left, right) = plt.subplots(
        1, 2, figsize=(10, 3.8), layout="constrained", width_ratios=[2, 3]
    )
    left.semilogx(counts, errors, "o-", base=2)
    left.set_xticks(counts, counts)
    left.set(xlabel="sequences", ylabel="NRMSE on unseen ones", title="Each level of the tree")
    longest = int(np.argmax([len(z) for z in y]))
    right.plot(y[longest], color="black", lw=3, alpha=0.3, label="z, hidden")
    for k in (0, -1):
        right.plot(outputs[k][longest], lw=1, label=f"after {counts[k]} sequences")
    right.set(xlabel="step of an unseen sequence", title="Lorenz: z told from x seen through noise")
    right.set_ylim(top=1.25 * y[longest].max())
    right.legend(loc="upper right", ncols=3)
    figure.savefig(picture, dpi=120)


# %% In this process alone, then on two; elsewhere, Client("address of the scheduler") is enough
def main(picture):
    network = ESNRegressor(leak_rate=0.5, bias_scaling=0.5, alpha=1.0, random_state=0)
    whole = clone(network).fit(*read(range(N_SEQUENCES)))

    X, y = read(range(16))
    grid = {"leak_rate": [0.3, 0.5, 0.8], "spectral_radius": [0.6, 0.9]}
    alone = GridSearchCV(network, grid, cv=4).fit(X, y)

    local = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1"}
    with LocalCluster(**local, dashboard_address=None) as cluster, Client(cluster) as client:
        networks = fit_in_tree(client, network)
        with joblib.parallel_config("dask", scatter=[X, y]):  # which are sent once to a worker
            search = clone(alone).fit(X, y)

    difference = np.abs(networks[-1].coef_ - whole.coef_).max()
    print(f"coefficients of the tree and of one fit to all: {difference:.1e} apart, ", end="")
    print(f"the largest is {np.abs(whole.coef_).max():.0f}")
    scores = [one.cv_results_["mean_test_score"] for one in (search, alone)]
    print(f"best of the grid with Dask: {search.best_params_}, without: {alone.best_params_}")
    print(f"their scores are {np.abs(scores[0] - scores[1]).max():.1e} apart")
    draw(networks, picture)


# %% Each worker imports this file to find its functions, and must start no cluster of its own
if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "dask_many_sequences.png")
