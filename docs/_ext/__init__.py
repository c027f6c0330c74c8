"""Sphinx extensions of the documentation site, and what writes its generated parts."""
