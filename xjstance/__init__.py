"""Multilingual stance measurement in news archives."""

__all__ = ["__version__"]

__version__ = "0.1.0"
