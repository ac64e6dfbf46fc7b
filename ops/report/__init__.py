"""The reviewable report of a plan: what changes, by layer, in words that a reviewer can judge."""
