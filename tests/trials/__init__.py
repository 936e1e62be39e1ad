"""Long trials, run with `pytest -m trials -s`; each prints its figures."""
