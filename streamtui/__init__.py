"""A full-screen terminal chat for language models, built around the stream."""

__version__ = "0.1.0"
