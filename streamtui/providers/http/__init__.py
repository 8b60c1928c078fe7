"""Requests, and the bodies of their responses."""
