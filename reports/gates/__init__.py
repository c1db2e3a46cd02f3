"""Quality gates: whether the data behind a report is what somebody relies on."""
