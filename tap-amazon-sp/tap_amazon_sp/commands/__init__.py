"""Commands beside Singer's flags."""
