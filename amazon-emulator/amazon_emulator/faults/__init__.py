"""What goes wrong on purpose: `actions` lists it, `rules` says when.

`fault_responses` words what a rule answers in place of a service.
"""
