"""What people and programs read of a run: progress, rejects, reports, its summary."""
