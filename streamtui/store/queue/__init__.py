"""What is to be written: operations, in order, on one thread."""
