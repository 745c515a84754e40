"""Advertiser audiences: hashed customer records to AMC and DSP.

    contract                  codes, lengths, ranges and media types, as plain values
    accounts, connections     AMC accounts and instances; who may be written to
    parsing                   media types, JSON bodies, texts and numbers
    audience_validation       the bodies that create and update an audience
    uploads/                  from a request to a job, to members, or to a refusal
    store, counters           all audiences and jobs; what the statistics say
    account_routes, connection_routes, audience_routes      the API calls
    control                   what tests may set and ask

What Amazon leaves open is a setting, and docs/emulator.md says which reading is which.
"""
