"""Whole programs of every driver and venue in the weather of a seed, held against the exchange's own record."""
