"""The bench: what a local model can take of an agent's work, in speed and in small tasks done right."""
