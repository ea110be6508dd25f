"""Requests: what is so of every one, whatever its route: who asks, how often, in which form."""
