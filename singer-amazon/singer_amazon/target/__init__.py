"""What every Singer target needs, once; a target is built on it like this.

- Derive from ``base.CommandTarget``: set ``name``, ``package_name`` and
  ``config_jsonschema``, write ``load(source)``, and where it is wanted
  ``check_settings``, ``log_summary`` and ``log_failure``. The base reads settings (also
  nested ones) from the environment, takes signals (``is_stopped``), and turns an
  ``AmazonError`` into one sentence and exit code 1.
- ``stdin``: loop over ``blocks(source, self.is_stopped, now, on_stop)``: it yields a
  block of lines, or None at least four times a second while none comes, so that timers
  go on; it ends with the input, or two seconds after a signal.
- ``messages``: derive a struct from ``Message`` with a ``record`` (``Raw`` or ``dict``)
  and hand it to a ``MessageDecoder``: a value that is not JSON is dropped with a
  warning (``json_repair``); a line that nobody can read is an ``InputError`` of
  ``one_by_one``, or goes to ``unreadable_lines`` from ``numbered``: it is counted, no
  STATE passes it, and the run fails in the end.
- ``stream_maps``: ``StreamMaps(self.mapper).outputs(line, message)`` turns a SCHEMA
  into output streams, after the user's stream maps and flattening.
- ``state_tracker``: ``take`` every STATE, ask ``opened`` for a number when a batch gets
  its first record and give it to ``complete`` when the batch is where it goes; ``tick``
  echoes what is covered, at most once a second. At the end ``echo``, then ``check``.
- ``errors``: what a target can end with.
"""
