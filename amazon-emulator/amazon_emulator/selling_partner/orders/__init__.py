"""Orders: `book` makes and finds them; `v0`, `current` and their routes show them."""
