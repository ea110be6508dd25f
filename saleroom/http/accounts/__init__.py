"""Accounts: who somebody is, how they sign in, and what becomes of their data."""
