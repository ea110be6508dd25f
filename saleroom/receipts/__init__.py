"""Receipts: what was paid, on paper and on screens, in the language of the event."""
