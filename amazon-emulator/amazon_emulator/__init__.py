"""A local stand-in for Amazon's APIs: for demos, tests and other people's CI.

    Emulator, EmulatorClient      start and set one: server, client, calling
    cli                           `amazon-emulator serve`
    emulation                     puts the rooms together; two WSGI apps, no sockets
    app, answers, wire            calls, refusals, fault answers, counting
    core, settings, clock         what all rooms share
    actions, faults               what may go wrong, and the rules
    statistics, control           counters, the calls under /_emulator/
    storage                       addresses of stored documents, ranges, S3's errors
    lwa/                          Login with Amazon
    ads_accounts/                 profiles, DSP advertisers, linked accounts
    ads_reporting/                reporting v3: contract, judge, rows, documents
    audiences/                    hashed customer records: connections, jobs, members
    selling_partner/              Selling Partner API: reports, documents, orders

It imports nothing of the plugins it is used to test.
"""

from amazon_emulator.client import EmulatorClient, EmulatorError, Statistics
from amazon_emulator.server import Emulator

__all__ = ["Emulator", "EmulatorClient", "EmulatorError", "Statistics"]
