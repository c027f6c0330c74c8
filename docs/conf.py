"""Sphinx configuration of the documentation site: `make docs` builds it, warnings are fatal, nothing is fetched."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# The physics is documented as the plain functions that it is written as: compiled ones have no signature to show.
os.environ["NUMBA_DISABLE_JIT"] = "1"

from cosim import __version__  # noqa: E402  # the two lines above must come first

project = "smart-bms-cosim"
project_copyright = "the smart-bms-cosim contributors, GPL-3.0-or-later"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_design",
    "docs._ext.api",
    "docs._ext.equations",
    "docs._ext.state_diagram",
    "docs._ext.generated",
]
root_doc = "index"
exclude_patterns = ["_ext", "generated", "circuits/generated", "**/.ipynb_checkpoints"]

# Pages are MyST Markdown; notebooks come executed from `make notebooks` and are only rendered here.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # its default loads scripts from the network
myst_enable_extensions = ["dollarmath", "deflist", "colon_fence", "attrs_inline", "attrs_block"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3

default_role = "code"  # single backticks in docstrings

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False

# What somebody wrote as a reference (function, method, module, label, page) must resolve. Classes are left out:
# signatures name inner classes, which have no page, and those of other packages, whose inventories would be fetched.
nitpicky = True
nitpick_ignore_regex = [("py:(class|obj)", r".*")]

html_theme = "pydata_sphinx_theme"
html_title = "smart-bms-cosim"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathtext"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_depth": 3,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "quick_start": [], "concepts": []}
