"""The intake: what people hand in, pictures and tables, read strictly and away from the loop."""
