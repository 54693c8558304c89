"""Alerts: what a person is told wherever they are; recorded by the ledger, sent from here."""
