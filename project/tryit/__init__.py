"""The page "Try it" of the demo, and the far ends of all channels, which keep what they get for it."""
