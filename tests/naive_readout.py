"""Slow twins of the readouts, straight from the equations."""

import numpy as np


def ridge(states, targets, alpha, weights):
    """Minimise sum_i v_i (y_i - w.s_i - b)^2 + alpha |w|^2 as one least squares problem.

    The penalty is n_states more rows, the intercept one more column that they do not see.
    """
    n_states = states.shape[1]
    coef, intercept = [], []
    for target, penalty in zip(targets.T, alpha, strict=True):
        root = np.sqrt(weights)
        rows = np.column_stack([root[:, None] * states, root])
        penalty_rows = np.column_stack([np.sqrt(penalty) * np.eye(n_states), np.zeros(n_states)])
        solution = np.linalg.lstsq(
            np.vstack([rows, penalty_rows]),
            np.concatenate([root * target, np.zeros(n_states)]),
            rcond=None,
        )[0]
        coef.append(solution[:-1])
        intercept.append(solution[-1])
    return np.array(coef), np.array(intercept)


def generalised_cross_validation(states, target, alpha, weights):
    """Golub, Heath & Wahba (1979): n |(I - H) y|^2 / trace(I - H)^2 with the hat matrix H."""
    root = np.sqrt(weights)
    rows = np.column_stack([states, np.ones(len(states))]) * root[:, None]
    penalty = np.diag([alpha] * states.shape[1] + [0.0])
    hat = rows @ np.linalg.solve(rows.T @ rows + penalty, rows.T)
    remainder = np.eye(len(states)) - hat
    residual = remainder @ (root * target)
    return len(states) * residual @ residual / np.trace(remainder) ** 2


def recursive_least_squares(rows, targets, weights, forgetting, alpha):
    """Haykin, Adaptive Filter Theory, the RLS algorithm with P(0) = I / alpha."""
    n_features = rows.shape[1]
    covariance = np.eye(n_features) / alpha
    coef = np.zeros((targets.shape[1], n_features))
    for row, target, weight in zip(rows, targets, weights, strict=True):
        gain = covariance @ row / (forgetting / weight + row @ covariance @ row)
        coef += np.outer(target - coef @ row, gain)
        covariance = (covariance - np.outer(gain, row @ covariance)) / forgetting
    return coef


def forgetting_least_squares(rows, targets, weights, forgetting, alpha):
    """The minimum that recursive least squares tracks, from its normal equations."""
    n_rows, n_features = rows.shape
    memory = weights * forgetting ** np.arange(n_rows - 1, -1, -1)
    gram = (rows.T * memory) @ rows + alpha * forgetting**n_rows * np.eye(n_features)
    return np.linalg.solve(gram, (rows.T * memory) @ targets).T
