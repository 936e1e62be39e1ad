"""A cloud in a box: the guide's API and its identity service, in this process, with a memory of its own."""
