"""What it costs: `python -m tests.benchmarks [--quick]` prints tables. CPU is user and system time of the process."""
