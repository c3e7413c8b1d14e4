"""What figures are made of: agreement, intervals, regression of lengths."""
