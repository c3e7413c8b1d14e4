"""What leaves a read: the report of a subject, tables for statisticians, SDTM."""
