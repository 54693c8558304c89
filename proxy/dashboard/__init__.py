"""The dashboard: pages on the control server that show a person what bursar does, and change it."""
