"""What the demo shows of the numbers: campaigns by name, and its last picture.

The picture is one HTML page that loads nothing.

    campaigns   names, states and budgets of today beside the numbers
    figures     what came of all runs: performance, restatements, freshness
    page        the figures as a page

All are pure. The figures are those of the dbt package's marts of the same names,
made without dbt.
"""
