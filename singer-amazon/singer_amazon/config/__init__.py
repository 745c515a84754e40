"""Settings, whichever plugin they are of: the files they stand in, and their names."""
