"""Speed and memory of the operations, layers and networks."""
