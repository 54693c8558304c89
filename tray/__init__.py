"""What a person starts and sees: the command, the tray, the composition root."""

VERSION = "0.1.0"
