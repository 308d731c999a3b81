"""Short enough for the columns of a list."""

DATE_FORMAT = "j b Y"
DATETIME_FORMAT = "j b Y, H:i"
