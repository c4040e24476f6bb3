"""How weights are found by gradients: losses, optimisers, backpropagation through time."""
