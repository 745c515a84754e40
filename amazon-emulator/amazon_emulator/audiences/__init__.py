"""Advertiser audiences: hashed customer records to AMC and DSP.

    rules                     codes, lengths, ranges and media types, as plain values
    world, connections        AMC accounts and instances; who may be written to
    reading, metadata         a body that is judged, for audiences
    records, peek             the same for members: whole, or only what stands around
    uploads                   from a request to a job, or to a refusal
    jobs, members, store      one job, one member set, all of them
    tally                     what the statistics say
    lookups, linking, room    the API calls
    control, views            what tests may set and ask

What Amazon leaves open is a setting, and docs/emulator.md says which reading is which.
"""
