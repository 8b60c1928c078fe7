"""What the log paints with, and the rows that are not a message's text. No widget, no scroll position."""
