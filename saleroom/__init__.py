"""Saleroom: a real-time auction server."""
