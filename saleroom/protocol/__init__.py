"""The wire: messages, codec, feed, session machine, close codes. Pure."""
