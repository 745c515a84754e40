"""Singer target that turns customer records into Amazon AMC and DSP audiences.

The way of a record through this package::

    stdin -> router -> sink -> delivery.batches -> delivery.uploader -> amc.client
                         |                                   |
      matching.record_reader (consent, hashing)        state.store, delivery.jobs

- ``matching``: from a record to a member, or to the reason why not. Pure.
- ``amc``: Amazon's audiences: their JSON, the client, finding or making one.
- ``delivery``: batches, uploads in threads, and what came of their jobs.
- ``mirror``: what MIRROR adds and removes at the end of the input.
- ``state``: the file that remembers audiences, open batches and members.

At the top: ``cli`` and ``target``, the command; ``settings_schema`` and ``settings``,
what the user wrote; ``run``, the order of things; ``router``, which record goes to
which audience; ``sink``, one audience in a run; ``progress``, ``report``, ``rejects``
and ``dry_run``, what people see of it. Reading stdin, STATE and signals is the
library's.
"""
