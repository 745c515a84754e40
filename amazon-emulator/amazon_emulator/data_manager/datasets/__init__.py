"""Datasets: `validation` of their members, `store`, `metrics`, and the routes to them.

`dataset_routes` makes and shows them, `member_routes` fills them, `metric_routes`
counts.
"""
