"""The stores: PostgreSQL, Redis and their twins in memory."""
