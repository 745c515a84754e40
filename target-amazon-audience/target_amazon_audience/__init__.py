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
- ``record``, ``member``: from a record to a member, or to the reason why not.
- ``wire``, ``place``: from members to Amazon's JSON and back; the request around it.
- ``packing``, ``difference``: a person's data as text, a mirror's questions as SQL.
- ``batching``, ``pacing``, ``ledger``: how much, how fast, and which STATE is covered.

Rooms that act:

- ``target``, ``cli``: the command. ``settings_schema``, ``preparing``, ``settings``,
  ``values``: what the user wrote.
- ``assembly``, ``run``: one run. ``lane``, ``hands``: one audience in it, and what it
  works with.
- ``opening``: which audience, through which connection; made when first needed.
- ``mirroring``, ``staging``, ``members``: what MIRROR adds and removes.
- ``uploader``, ``workers``, ``pausing``: calls, in threads of their own.
- ``jobs``, ``aftercare``: what came of them.
- ``database``, ``store``: the file that remembers.
- ``ports``, ``audience_api``, ``answers``: Amazon as we know it, and how one speaks
  with it.
- ``pipe``, ``messages``, ``mapping``, ``receiver``, ``echo``: Singer, in and out.
- ``telling``, ``report``, ``rejects``, ``dry``, ``errors``: what people are told;
  ``purge``: forgetting.
"""
