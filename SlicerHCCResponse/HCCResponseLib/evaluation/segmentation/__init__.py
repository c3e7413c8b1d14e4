"""Any engine against reference masks of real scans."""
