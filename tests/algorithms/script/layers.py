"""A module beside the script."""

from sklearn.neural_network import MLPClassifier


def network(units):
    return MLPClassifier((units,), learning_rate_init=0.01, max_iter=40, n_iter_no_change=100, random_state=0)
