"""DICOM as archives know it: whole patient folders, and objects that other programs understand."""
