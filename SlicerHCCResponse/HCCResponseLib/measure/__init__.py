"""From a mask to millimetres: long and short axis, volumes, measurability."""
