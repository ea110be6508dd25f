"""The door: one port, and what is answered there before the app is asked."""
