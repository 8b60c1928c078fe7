"""What the log holds and where it is in the window: values and positions, no widget."""
