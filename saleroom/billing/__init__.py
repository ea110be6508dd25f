"""Billing: what a paddle owes and has paid, decided without I/O."""
