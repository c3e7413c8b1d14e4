"""Images without whose they are: DICOM PS3.15, Annex E, with dates that keep their intervals."""
