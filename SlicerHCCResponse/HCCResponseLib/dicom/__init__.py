"""DICOM as archives know it: whole patient folders."""
