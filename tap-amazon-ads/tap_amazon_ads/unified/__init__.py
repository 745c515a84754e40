"""The reports of Ads API v1 (beta) for the same streams, keys and columns as v3.

- `mapping`        which field of v1 each column comes from; the data is in `mapping/`
- `query`          what is asked for: fields, filter, the body of a create
- `account_map`    which advertiser account a profile or DSP advertiser belongs to
- `reports_api`    the port: create, retrieve, all parts of a document, delete
- `answers`        reads the answers of that port, refused fields included
- `spec`           what a request is made of: a stream, an account, its mapping
- `rate_limiters`  creates one after another, two reports under way at once
- `documents`      the rows of a document in parts, arrays or lines of JSON
- `rows`           rows as our columns; repeated rows of one key added up
- `choice`         which of the two APIs a stream of an account is read by
- `reporting`      all of it for one run
- `comparison`     v3 against v1 for `compare`, and the proof that the tap reads
"""
