"""How fast `nbs` is: `python -m tests.benchmarks` measures everything in one interleaved run and prints one table."""
