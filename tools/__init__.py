"""What builds, installs and checks Saleroom; nothing of it runs in the server."""
