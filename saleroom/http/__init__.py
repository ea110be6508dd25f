"""The one door: HTTP and websockets on one port."""
