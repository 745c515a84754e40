"""The demo's last picture: one HTML page that loads nothing.

    figures     what came of all runs: performance, restatements, freshness
    page        the figures as a page

Both are pure. The figures are those of the dbt package's marts of the same names,
made without dbt.
"""
