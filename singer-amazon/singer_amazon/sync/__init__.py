"""One run: what it asks for, its partitions and their state, what it reports."""
