"""What every room may use: errors, resources, safe files, text, jobs in child processes."""
