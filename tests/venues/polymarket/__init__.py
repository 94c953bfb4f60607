"""A mock of Polymarket that is as strict as the real one; python3 -m polymarket runs it."""
