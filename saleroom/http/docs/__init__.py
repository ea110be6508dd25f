"""The documents: what the API takes and gives, for programs and for people."""
