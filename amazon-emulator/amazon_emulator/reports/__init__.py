"""What the reports of both APIs share.

`lifecycle` is one report and how far it is, `store` keeps them, `documents` writes
their files, `downloads` serves them.
"""
