"""A local stand-in for Amazon's APIs: for demos, tests and other people's CI.

    Emulator, EmulatorClient      start one and set it (server.py, client.py)
    cli                           `amazon-emulator serve`
    emulation                     puts the rooms together; two WSGI apps, no sockets
    app, answers, wire            calls, refusals, fault answers, counting
    core, settings, clock         what all rooms share
    faults, statistics, control   rules, counters, the calls under /_emulator/
    lwa/                          Login with Amazon
    ads_accounts/                 profiles, DSP advertisers, linked accounts
    ads_reporting/                reporting v3: contract, judge, rows, documents
    audiences/                    hashed customer records: connections, jobs, members

It imports nothing of the plugins it is used to test.
"""

from amazon_emulator.client import EmulatorClient, EmulatorError, Statistics
from amazon_emulator.server import Emulator

__all__ = ["Emulator", "EmulatorClient", "EmulatorError", "Statistics"]
