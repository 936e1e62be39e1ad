"""Long trials: thousands of random faults, with figures."""
