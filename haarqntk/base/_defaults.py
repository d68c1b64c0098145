"""What the command line shows in its help, apart from the rooms so that help loads none of them."""

EXPORTS = ("text", "latex", "mathml", "json", "python", "c", "mathematica", "maple")
"""The formats of a closed form, in the order of the table that ``export`` has of them."""

SAMPLES = 5_000
"""Values for each check of the NumPy route: a standard error of one or two percent."""

REFERENCE_SAMPLES = 500
"""Values for each check of the QuTiP route, which takes some milliseconds for one."""

FIGURE_SAMPLES = 1_000
"""Draws of the angles in Fig. 1 of the paper at the root."""

FIGURE_INSTANCES = 50
"""Initialisations in its Fig. 2, and instances in its Fig. 3."""

SEED = 130_150601
"""The paper at the root: PRL 130, 150601."""
