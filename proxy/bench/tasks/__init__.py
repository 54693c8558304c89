"""Small coding tasks whose answers are run: what a local model gets right, by task class."""
