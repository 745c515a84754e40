"""When reports are looked at: `ready_ages` knows how long each type takes."""
