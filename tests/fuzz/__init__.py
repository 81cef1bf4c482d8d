"""Damaged and odd files scored: whatever comes, a summary that adds up or an error that says why.

``make fuzz SECONDS=600 SEED=7`` goes on for longer than the test, and leaves what failed in a temporary folder.
"""
