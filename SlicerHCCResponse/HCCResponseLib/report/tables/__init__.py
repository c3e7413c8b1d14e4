"""Tables as files: what they hold, how they are written and read, what must hold in them."""
