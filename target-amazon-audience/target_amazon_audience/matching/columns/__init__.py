"""Members of many records at once, by column: what is usual takes a few calls."""
