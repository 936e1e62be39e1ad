"""The width of what is more than plain ASCII, as rich knows it: loaded when the first such text is shown."""

from rich.cells import cell_len, set_cell_size

__all__ = ["cell_len", "set_cell_size"]
