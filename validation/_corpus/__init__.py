"""The sections of the corpus: each names its inputs, and computes what haarqntk answers to them by its public names."""
