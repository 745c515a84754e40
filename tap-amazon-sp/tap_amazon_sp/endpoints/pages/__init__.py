"""How an endpoint hands out pages: what Amazon documents, tokens, rows, repetitions.

``paths.json`` is the table of listing operations, one line for each: where its rows
are, its rate, its time bounds and how long a span it answers.
"""
