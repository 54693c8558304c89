"""The servers that run models: finding them, asking them, reaching them."""
