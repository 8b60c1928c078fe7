"""The full-screen front end. Textual's app and widget classes live here and nowhere else."""
