"""Cloche: the Python that runs in the tab."""

__version__ = "0.1.0"
