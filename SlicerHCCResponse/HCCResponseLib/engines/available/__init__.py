"""One file for each segmentation engine; what it must hold is said in :mod:`HCCResponseLib.engines.contract`."""
