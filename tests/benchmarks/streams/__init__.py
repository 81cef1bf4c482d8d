"""Workers of ``dai-score stream`` beside consumers that score nothing."""
