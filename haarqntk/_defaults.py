"""Defaults that the command line shows in its help, apart from the rooms so that help loads none of them."""

SAMPLES = 5_000
"""Values for each check of the NumPy route: a standard error of one or two percent."""

REFERENCE_SAMPLES = 150
"""Values for each check of the QuTiP route, which takes some milliseconds for one."""

SEED = 130_150601
"""The paper at the root: PRL 130, 150601."""
