"""Ads Data Manager: datasets of hashed members, shared with DSP and AMC by rules.

    contract         codes, lengths, media types and roles, as plain values
    accounts         who may ask, what they have accepted, and whom they may share with
    service          what all calls have in common: account header, role, terms
    account_routes   terms and data rooms
    datasets/        datasets: their members, row errors and metrics
    sharing_rules/   rules from PENDING to ACTIVE, and the audiences they make
    pages            page tokens that work once
    api, control     puts the part together; what tests may set and ask

What Amazon leaves open is a setting, and docs/emulator.md says which reading is which.
"""
