"""Carry bytes: one event loop that owns every agent's and every upstream's socket.

The Flask app decides; this package fetches. A view answers with a `Forward` and the loop carries it, as nginx does for
X-Accel-Redirect, so that no thread waits for an upstream.
"""
