"""Registration, lesion identity over time, new-lesion candidates."""
