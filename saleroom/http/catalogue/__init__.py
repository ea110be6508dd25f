"""The catalogue: events, lots, pictures and imports, before and after publication."""
