"""Trends of single products: which ones, and when they are asked for."""
