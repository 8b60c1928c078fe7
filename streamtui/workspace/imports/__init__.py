"""Conversations from files of other programs and of our own. A format is one file here, and one row in `formats`."""
