"""Between the Messages API and Chat Completions, sans I/O."""
