"""Chat Completions for agents: a request put as one to the Messages API, and the answer told in their own dialect."""
