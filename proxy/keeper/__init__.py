"""The cache keeper: a conversation's cache at Claude is read once more before it expires, where that is worth it."""
