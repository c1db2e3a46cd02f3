"""What faults do to an installation that runs unattended: `python -m benchmarks.reliability`."""
