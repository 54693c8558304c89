"""What shows the tray on each system: a backend is a `Tray` (`base.py`) and knows nothing of bursar but a `Face`."""
