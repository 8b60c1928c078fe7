"""Screens wire widgets together."""
