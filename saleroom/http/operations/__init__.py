"""Operations: the tree, health, metrics and the audit."""
