"""Orders: `book` makes and finds them, `v0` and `current` show them, `room`s answer."""
