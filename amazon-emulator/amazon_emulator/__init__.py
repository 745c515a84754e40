"""A local stand-in for Amazon's APIs: for demos, tests and other people's CI.

    Emulator (server), EmulatorClient (client/)      start and set one
    cli                           `amazon-emulator serve`
    emulation                     puts the services together; two WSGI apps, no sockets
    app, http                     calls, services and their routes, refusals, counting
    state, settings, clock        what all services share
    counters, control             what was asked; the calls under /_emulator/
    faults/                       what may go wrong, the rules, their responses
    stored_files                  URLs of stored documents, ranges, S3's errors
    reports/                      reports, documents and downloads of both APIs
    login/                        Login with Amazon
    ads_accounts/                 profiles, DSP advertisers, linked accounts
    ads_reporting/                reporting v3: contract, validation, rows, documents
    audiences/                    hashed customer records: connections, jobs, members
    selling_partner/              Selling Partner API: reports, documents, orders
    demo/                         `amazon-demo`

It imports nothing of the plugins it is used to test.
"""

from amazon_emulator.client import EmulatorClient, EmulatorError, Statistics
from amazon_emulator.server import Emulator

__all__ = ["Emulator", "EmulatorClient", "EmulatorError", "Statistics"]
