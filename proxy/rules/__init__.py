"""A person's own rules: which request they mean, and where it should go."""
