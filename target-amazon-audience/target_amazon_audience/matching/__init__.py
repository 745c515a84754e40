"""From a record to a member that Amazon can match; without input or output."""
