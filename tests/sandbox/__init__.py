"""The sandbox has tests of its own: it is a witness, and witnesses are questioned first."""
