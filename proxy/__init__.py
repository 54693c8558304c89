"""Where a request goes: the loopback proxy between agents and upstreams."""
