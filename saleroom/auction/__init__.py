"""The rule book, pure: (state, command, now) -> facts or refusal; (state, fact) -> state."""
