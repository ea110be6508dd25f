"""Processes for work that would hold the server's loop: bounded, limited and replaced (I11)."""
