"""Entities as they are now: names, states, budgets, bids, beside the reports' numbers.

- `definitions`  what each stream is read by, and its columns
- `exports_api`  the port to Amazon's exports: `export_slots` says how many run at once,
  `export_parts` how one that is too large is divided, `export_sizes` if it came whole
- `exports`      their streams and partitions, over the report engine
- `lists`        portfolios, DSP orders and line items, Sponsored TV: page by page;
  `list_definitions` says which there are, `list_streams` has their streams
"""
