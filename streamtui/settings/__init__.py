"""Settings, paths, and which models and endpoints they name."""
