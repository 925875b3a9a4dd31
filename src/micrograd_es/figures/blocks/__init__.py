"""The figure zoomed out: scopes as blocks, vectors and matrices on the wires, Jacobians as their local gradients."""
