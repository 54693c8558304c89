"""What may be spent, and what was: the ledger."""
