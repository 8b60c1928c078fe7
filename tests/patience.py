"""How long tests wait for something to happen at all."""

from typing import Final

PATIENCE_S: Final = 60.0
"""Says nothing about speed, and is spent only by what never comes: tests of speed name a bound of their own."""
