"""Settings of Sphinx; `book.assemble` puts this file into the folder that it builds."""

import re

import mia_helpers

project = "Membership inference, reproduced"
author = copyright = "The authors of mia-reproduction"
version = release = mia_helpers.__version__
language = "en"

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinxcontrib.bibtex",
]
root_doc = "index"
exclude_patterns = ["downloads", "copies"]  # files to download, not pages
default_role = "py:obj"  # `Experiment` in a docstring links to it, if it is in the book
highlight_language = "none"

# Notebooks and Markdown
nb_execution_mode = "off"  # shown as they are committed
nb_ipywidgets_js = {}  # no kernel, no widgets, nothing fetched
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # links to headings, as on GitHub
myst_links_external_new_tab = False
bibtex_bibfiles = ["references.bib"]

# Docstrings
autosummary_generate = False  # the pages of `book.reference` hold all
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures in the docstrings' words
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
toc_object_entries = False  # each has a heading

# HTML: nothing is fetched from anywhere
html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["static"]
templates_path = ["templates"]
html_favicon = "static/icon.svg"  # a browser asks for one
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_theme_options = {
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "use_download_button": False,
    "navbar_persistent": [],  # one search, in the sidebar
    "pygments_light_style": "a11y-light",
    "pygments_dark_style": "a11y-dark",
}
mathjax_path = "mathjax.js"


def setup(app) -> None:
    """Let docstrings say nothing of their own length, which is for who reads the code."""
    app.connect("autodoc-process-docstring", _without_excuse, priority=100)


def _without_excuse(_app, _what, _name, _value, _options, lines: list[str]) -> None:
    lines[:] = re.sub(r"(?m)^Longer than (?:[^\n]+\n?)+", "", "\n".join(lines)).split("\n")
