"""Messages: preferences, what could not be sent, and bids by text."""
