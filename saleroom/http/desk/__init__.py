"""The desk: registrations, paddles, tables, check-in and the codes by which donors join."""
