"""Widgets of the app: they know values of `chat`, and post what happened to them."""
