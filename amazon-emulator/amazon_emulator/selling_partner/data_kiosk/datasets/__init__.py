"""The lines of every dataset, with all their fields: `lines_of(plan)`. Pure."""
