"""The command ``dai-score``, and what it shares with other commands of this distribution."""
