"""Singer target that turns customer records into Amazon AMC and DSP audiences.

The way of a record through the rooms of this package::

    stdin -> pipe -> messages -> receiver -> lane -> batching -> uploader -> Amazon
                                            |    |                   |
        record, consent, hashing, phones <--+    |                   v
                        (MIRROR) members <-------+             store, jobs -> STATE

Pure rooms, without input or output:

- ``tables``: street words, state codes, countries, as data.
- ``normalise``, ``phones``, ``hashing``: from a value to what Amazon matches.
- ``consent``: whether a person may be sent, and what Amazon is told of it.
- ``record``, ``wire``: from a record to a member, and to Amazon's JSON.
- ``packing``, ``difference``: a person's data as text, a mirror's questions as SQL.
- ``batching``, ``pacing``, ``ledger``: how much, how fast, and which STATE is covered.

Rooms that act:

- ``target``, ``cli``, ``schema``, ``settings``: the command, and what the user wrote.
- ``assembly``, ``run``, ``lane``: one run, and one audience in it.
- ``opening``: which audience, through which connection; made when first needed.
- ``mirroring``, ``staging``, ``members``: what MIRROR adds and removes.
- ``uploader``, ``workers``, ``jobs``, ``pausing``: calls, in threads of their own.
- ``database``, ``store``: the file that remembers.
- ``ports``, ``audience_api``: Amazon as we know it, and how it is spoken to.
- ``pipe``, ``messages``, ``mapping``, ``receiver``, ``echo``: Singer, in and out.
- ``report``, ``rejects``, ``dry``, ``errors``: what people are told.
"""
