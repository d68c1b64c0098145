"""Oracles for the differential run: finite designs, cubature, index sums, Bloch tensors; none imports haarqntk."""
