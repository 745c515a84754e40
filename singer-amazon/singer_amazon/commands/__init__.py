"""Commands beside Singer's, such as `tap-amazon-ads state show`.

- `group`        runs a command by its name, or the plugin as Singer's flags say
- `tables`       a table on a terminal, plain lines in a pipe, JSON for machines
- `state_edits`  what a state says and how it is changed by hand (pure)
- `state`        `state show`, `check`, `reread` and `close-gap`
- `reports`      `reports`: the catalogue, searched; one report in detail
- `auth`         `auth`: from a user's consent to a refresh token in a file
- `consent`, `redirect_listener`, `env_file`  its parts: address, loopback, file
- `findings`     what `check` finds out, and the checks all plugins share
- `check`        `check`: would a run work?
- `plan`         `plan`: what a run would ask for
"""
