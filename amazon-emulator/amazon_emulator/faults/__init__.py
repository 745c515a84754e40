"""What goes wrong on purpose: `actions` lists it, `rules` says when.

`fault_responses` has what a rule responds instead of a service.
"""
