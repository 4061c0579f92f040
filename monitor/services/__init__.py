"""The verbs: each owns its transactions."""
