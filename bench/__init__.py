"""The benchmark: what the server promises in figures, measured on a real server of its own.

Source: ARCHITECTURE 5.
"""


class BenchFailed(Exception):
    """A measure could not be taken; the text is one line for the person who runs it."""
