"""Configuration of the documentation site: sphinx-build -W docs docs/_build/html."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]  # the code of this copy, not an installed one

import generate  # noqa: E402
from generate.formulas import visit_block, visit_inline  # noqa: E402

import mrnet_features  # noqa: E402

project = "mrnet_features"
author = copyright = "The mrnet_features developers"  # noqa: A001
version = release = mrnet_features.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_static", "_templates", "generate"]

# Notebooks were executed when they were committed, and tests/test_notebooks.py runs them.
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # would be loaded from the network
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
highlight_language = "none"

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings have the types, with shapes and units
default_role = "py:obj"
numpydoc_show_class_members = False  # the template of a class lists them with their docstrings
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"  # but the names below
numpydoc_xref_aliases = {name: f"mrnet_features.{name}" for name in mrnet_features.__all__}
numpydoc_xref_aliases |= generate.list_results()
smartquotes = False  # quotes in types are code
python_display_short_literal_types = True
python_maximum_signature_line_length = 90

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "mrnet_features"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {page: [] for page in ("index", "start", "for-radiologists")}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}


def keep_own_links(app):
    """Drop numpydoc's links of int, sequence and others into the manual of Python."""
    app.config.numpydoc_xref_aliases_complete = app.config.numpydoc_xref_aliases


def setup(app):
    """Write the generated pages before Sphinx looks for pages."""
    app.connect("builder-inited", keep_own_links, priority=900)
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("config-inited", lambda *_: generate.write_pages(DOCS / "generated"))
    app.connect("include-read", generate.rewrite_links)
