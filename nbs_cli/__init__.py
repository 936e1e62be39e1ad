"""`nbs`, the command line of NHN Cloud Block Storage."""

__version__ = "0.1.0"
