"""The supervision tree: child specs, strategies, restart windows, and its picture."""
