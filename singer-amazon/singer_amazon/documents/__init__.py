"""Report documents on their way: download to a bounded disk, archive, cut into rows."""
