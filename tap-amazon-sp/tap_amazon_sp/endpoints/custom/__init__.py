"""Custom endpoints: entries of the setting `endpoints`, their keys, their tables."""
