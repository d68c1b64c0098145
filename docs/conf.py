"""Sphinx settings of the site; ``build.py`` runs Sphinx on a copy of this folder with the generated pages in it."""

import sys
from pathlib import Path

from haarqntk import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "haarqntk"
author = "The haarqntk founders"
copyright = author  # noqa: A001 - the name that Sphinx reads
version = release = __version__
smartquotes_action = "D"  # dashes; a prime in a formula is no quotation mark
html_title = f"haarqntk {__version__}"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docstrings",
    "native_mathml",
]
exclude_patterns = ["_extensions", "**.ipynb_checkpoints"]

# The site is read without a network: no font, script or formula comes from elsewhere.
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}

myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_update_mathjax = False
myst_heading_anchors = 3
nb_execution_mode = "off"  # the outputs are in the notebooks; the tests run them afresh and compare

autodoc_typehints = "none"  # the Args of a docstring say it
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Reference", "Reference")]
add_module_names = False
toc_object_entries_show_parents = "hide"
pygments_style = "default"
pygments_dark_style = "monokai"
