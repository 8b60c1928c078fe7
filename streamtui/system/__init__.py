"""What the operating system offers that several rooms need: locks, atomic writes, private folders."""
