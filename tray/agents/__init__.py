"""Agents wired in and out: their settings files edited and put back, and bursar brought up when they start."""
