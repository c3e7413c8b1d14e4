"""Training on samples that are drawn on the way, so that it never sees one twice unless the network outruns them."""
