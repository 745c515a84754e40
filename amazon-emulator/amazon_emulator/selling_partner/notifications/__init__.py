"""Notifications v1: destinations, subscriptions, messages to a local queue.

`subscriptions` keeps destinations and subscriptions, `messages` words what is sent,
`sender` finds what is over and sends it, `queues` speaks to SQS · `routes` has the
calls, `control` names queues and shows what was sent.
"""
