"""Accounts divided among several runs: which run reads which, and their states."""
