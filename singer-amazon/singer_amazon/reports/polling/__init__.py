"""When reports are looked at.

- `polls`        the looks at the reports of a run, by settings and by what is known
- `ready_ages`   when a look is worth its call; what the state keeps of each type
- `survival`     what reports that were ready, and those that are not, say together
"""
