"""The pages that people open, and the files that they load."""
