"""Reading one listing for one account, one call at a time."""
