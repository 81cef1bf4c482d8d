"""A row of the sample model, which README.md shows too."""

PENGUIN = {
    "species": "Adelie",
    "island": "Dream",
    "bill_length_mm": 39.5,
    "bill_depth_mm": 16.7,
    "flipper_length_mm": 178,
    "body_mass_g": 3250,
    "date_egg": "2007-11-15",
}
