"""Where the tissue of one visit lies in the other."""
