"""From rows of a document to Singer records: what columns may hold, and encoding."""
