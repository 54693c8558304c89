"""A simulated day: a real bursar in a folder of its own, between a made-up agent and made-up upstreams."""
