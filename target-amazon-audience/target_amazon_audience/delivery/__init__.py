"""From members to accepted batches, and to what came of their jobs."""
