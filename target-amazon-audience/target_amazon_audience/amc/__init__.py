"""Amazon's audiences: what they hold, their JSON, and how one speaks with them."""
