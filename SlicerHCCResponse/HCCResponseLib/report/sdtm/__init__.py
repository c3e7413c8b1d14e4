"""The read as CDISC SDTM: tumour identification (TU), tumour results (TR), responses (RS)."""
