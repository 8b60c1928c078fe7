"""The terminal itself, and the desktop around it."""
