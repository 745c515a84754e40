"""How far a run is, on the terminal of whoever started it.

- `progress`   what there is to show, pure: counts per stream, the longest wait, times
- `picture`    that as lines of text, by Rich
- `screen`     the lower lines of a terminal, kept for it; all else scrolls above
- `view`       when it is shown, and how often it is drawn anew
"""
