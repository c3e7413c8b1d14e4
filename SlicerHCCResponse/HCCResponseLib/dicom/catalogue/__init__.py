"""What CT there is in whole patient folders, and which of it a visit is measured on."""
