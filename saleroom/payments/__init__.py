"""Payments: carrying out what billing decides, through whoever processes cards."""
