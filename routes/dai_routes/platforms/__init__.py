"""Models on the platforms of clouds: handlers, containers, and ``dai-score package``."""
