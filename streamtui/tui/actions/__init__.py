"""What the commands and the keys do, by what they are about: one function for each."""
