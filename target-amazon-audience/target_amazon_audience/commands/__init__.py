"""Commands beside the target: `check`, `audiences`; loaded when they are called."""
