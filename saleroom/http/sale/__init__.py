"""The sale: commands, results and histories, and what is one's own in it."""
