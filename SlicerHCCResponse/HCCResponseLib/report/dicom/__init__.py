"""What was decided, as DICOM objects that archives and other programs understand."""
