"""What things cost: money, usage, dated prices, bills, upper bounds."""
