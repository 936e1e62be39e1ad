"""Long trials of the promises under faults, load and bad input; each prints its figures. See tests/README.md."""
