"""Reader-assisted treatment-response evaluation of liver cancer on longitudinal CT.

For research use; not cleared for clinical use.
"""

__version__ = "0.1.0"
