"""Short enough for the columns of a list."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
